"""What cleaning asks for: which records refer to an artifact, and when a finished training was used last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("ix_artifact_link_sha256", "artifact_link", ["sha256"])
    op.create_index("ix_export_sha256", "export", ["sha256"])
    op.add_column("training", sa.Column("used_at", sa.BigInteger()))
