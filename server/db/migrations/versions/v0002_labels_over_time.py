"""Labels over time: tracks with key frames, segments, and how long a video asset is.

A label needs no shape of its own any more. SQLite cannot take a NOT NULL away, so the annotations move to a
new table; nothing else refers to the old one but ``annotation_box``, by keys that stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEPT = (
    "annotation_key, asset_id, annotation_id, layer, class_id, geometry, name, is_locked, extra, created_by, "
    "created_at, updated_at, revision"
)


def upgrade() -> None:
    """Add what is new; every label stays what it was."""
    op.add_column("asset", sa.Column("frame_count", sa.BigInteger(), nullable=True))
    op.add_column("asset", sa.Column("duration_s", sa.Float(), nullable=True))

    op.rename_table("annotation", "annotation_before")
    op.create_table(
        "annotation",
        sa.Column("annotation_key", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("asset_id", sa.Text(), nullable=False),
        sa.Column("annotation_id", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("class_id", sa.Text(), nullable=True),
        sa.Column("geometry", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("is_locked", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("track_shape", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("first_frame", sa.BigInteger(), nullable=True),
        sa.Column("last_frame", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.asset_id"], name=op.f("fk_annotation_asset_id")),
        sa.ForeignKeyConstraint(["class_id"], ["label_class.class_id"], name=op.f("fk_annotation_class_id")),
        sa.PrimaryKeyConstraint("annotation_key", name=op.f("pk_annotation")),
        sa.UniqueConstraint("asset_id", "annotation_id", name=op.f("uq_annotation_asset_id_annotation_id")),
    )
    op.execute(f"INSERT INTO annotation ({KEPT}) SELECT {KEPT} FROM annotation_before")  # noqa: S608
    op.drop_table("annotation_before")
    op.create_index(
        "ix_annotation_frames", "annotation", ["asset_id", "first_frame", "last_frame"], unique=False
    )

    op.create_table(
        "keyframe",
        sa.Column("annotation_key", sa.Integer(), nullable=False),
        sa.Column("frame", sa.BigInteger(), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("is_outside", sa.Boolean(), nullable=False),
        sa.Column("is_occluded", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotation_key"], ["annotation.annotation_key"], name=op.f("fk_keyframe_annotation_key")
        ),
        sa.PrimaryKeyConstraint("annotation_key", "frame", name=op.f("pk_keyframe")),
    )
