"""What a scrub was asked to do, whose picture it is by pseudonym, and who has signed for its release."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that may be empty, and one table; nothing that is there changes."""
    op.add_column("asset", sa.Column("profile", sa.Text(), nullable=True))
    op.add_column("asset", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("asset", sa.Column("acquired_on", sa.Text(), nullable=True))
    op.add_column("asset", sa.Column("review", sa.JSON(), nullable=True))
    op.add_column("upload", sa.Column("profile", sa.Text(), nullable=True))
    op.create_table(
        "release_signature",
        sa.Column("signature_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("asset_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("canonical_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.asset_id"], name=op.f("fk_release_signature_asset_id")),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_release_signature")),
    )
    op.create_index(op.f("ix_release_signature_asset_id"), "release_signature", ["asset_id"], unique=False)
