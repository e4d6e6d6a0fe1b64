"""The tables. Times are RFC 3339 text in UTC, ids are opaque text, geometry is WKB (exact doubles).

Nothing here has room for a patient's value: a source file leaves its kind behind, not its name.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("disabled_at", sa.Text),
    sa.Column("failed_attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wait_until", sa.Text),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("token_digest", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("token_id", sa.Text, primary_key=True),
    sa.Column("token_digest", sa.Text, nullable=False, unique=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.Text),
)

clinical_case = sa.Table(
    "clinical_case",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Text, nullable=False),
)

asset = sa.Table(
    "asset",
    metadata,
    sa.Column("asset_id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, sa.ForeignKey("clinical_case.case_id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("source_suffix", sa.Text, nullable=False),
    sa.Column("source_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("released_by", sa.Text),
    sa.Column("released_at", sa.Text),
    sa.Column("width_px", sa.BigInteger),
    sa.Column("height_px", sa.BigInteger),
    sa.Column("mpp", sa.Float),
    sa.Column("objective_power", sa.Float),
    sa.Column("canonical_bytes", sa.BigInteger),
    sa.Column("canonical_sha256", sa.Text),
    sa.Column("report", sa.JSON),
    sa.Column("problem_kind", sa.Text),
    sa.Column("problem_detail", sa.Text),
    sa.Column("problem_reference", sa.Text),
    sa.Column("quarantine_key", sa.Text),
    sa.Column("annotation_revision", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("frame_count", sa.BigInteger),
    sa.Column("duration_s", sa.Float),
    # The profile of the policy that it is (to be) scrubbed by; empty: the default one.
    sa.Column("profile", sa.Text),
    # The patient's pseudonym, and the day of the examination shifted as this patient's days are.
    sa.Column("subject", sa.Text),
    sa.Column("acquired_on", sa.Text),
    # What a reviewer added to the scrub and took back from it.
    sa.Column("review", sa.JSON),
    sa.Index("ix_asset_created", "created_at", "asset_id"),
)

# Without account_id: from the command line.
release_signature = sa.Table(
    "release_signature",
    metadata,
    sa.Column("signature_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("asset_id", sa.Text, sa.ForeignKey("asset.asset_id"), nullable=False, index=True),
    sa.Column("account_id", sa.Text),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("canonical_sha256", sa.Text, nullable=False),
)

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    sa.Column("case_name", sa.Text, nullable=False),
    sa.Column("source_suffix", sa.Text, nullable=False),
    sa.Column("length_bytes", sa.BigInteger, nullable=False),
    sa.Column("offset_bytes", sa.BigInteger, nullable=False),
    sa.Column("quarantine_key", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
    sa.Column("asset_id", sa.Text),
    sa.Column("profile", sa.Text),
)

# Without a foreign key: a part that is being written outlives its upload's row for a moment.
upload_part = sa.Table(
    "upload_part",
    metadata,
    sa.Column("part_id", sa.Text, primary_key=True),
    sa.Column("upload_id", sa.Text, nullable=False, index=True),
    sa.Column("start_bytes", sa.BigInteger, nullable=False),
    sa.Column("length_bytes", sa.BigInteger, nullable=False),
    sa.Column("offset_bytes", sa.BigInteger, nullable=False),
)

job = sa.Table(
    "job",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("asset_id", sa.Text, sa.ForeignKey("asset.asset_id"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", sa.Text),
    sa.Column("stage", sa.Text),
    sa.Column("done_units", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("total_units", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text),
    sa.Column("ended_at", sa.Text),
)

ontology = sa.Table(
    "ontology",
    metadata,
    sa.Column("ontology_id", sa.Integer, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

label_class = sa.Table(
    "label_class",
    metadata,
    sa.Column("class_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("color", sa.Text, nullable=False),
    sa.Column("hotkey", sa.Text),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("is_archived", sa.Boolean, nullable=False, server_default=sa.false()),
)

annotation = sa.Table(
    "annotation",
    metadata,
    sa.Column("annotation_key", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("asset_id", sa.Text, sa.ForeignKey("asset.asset_id"), nullable=False),
    sa.Column("annotation_id", sa.Text, nullable=False),
    sa.Column("layer", sa.Text, nullable=False),
    sa.Column("class_id", sa.Text, sa.ForeignKey("label_class.class_id")),
    sa.Column("geometry", sa.LargeBinary),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("is_locked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    # A track has a shape, a segment a tier. Both are there from first_frame to last_frame, or to the end.
    sa.Column("track_shape", sa.Text),
    sa.Column("tier", sa.Text),
    sa.Column("first_frame", sa.BigInteger),
    sa.Column("last_frame", sa.BigInteger),
    sa.UniqueConstraint("asset_id", "annotation_id"),
    sa.Index("ix_annotation_frames", "asset_id", "first_frame", "last_frame"),
)

keyframe = sa.Table(
    "keyframe",
    metadata,
    sa.Column("annotation_key", sa.Integer, sa.ForeignKey("annotation.annotation_key"), primary_key=True),
    sa.Column("frame", sa.BigInteger, primary_key=True),
    sa.Column("geometry", sa.LargeBinary, nullable=False),
    sa.Column("is_outside", sa.Boolean, nullable=False),
    sa.Column("is_occluded", sa.Boolean, nullable=False),
    sa.Column("attributes", sa.JSON, nullable=False),
)

change_set = sa.Table(
    "change_set",
    metadata,
    sa.Column("asset_id", sa.Text, sa.ForeignKey("asset.asset_id"), primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True),
    sa.Column("change_id", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("committed_at", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("asset_id", "change_id"),
)

audit_event = sa.Table(
    "audit_event",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False, index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
)
