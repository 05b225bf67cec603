"""Sessions of the dashboard, so that signing out ends them."""

import sqlalchemy as sa
from alembic import op

from nas.sql.declaring import required

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "api_session",
        sa.Column("digest", sa.Text()),
        sa.Column("key_id", sa.Text(), sa.ForeignKey("api_key.id", ondelete="CASCADE"), nullable=False),
        *required(sa.BigInteger(), "used_at", "expires_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_api_session"),
    )
    op.create_index("ix_api_session_expires_at", "api_session", ["expires_at"])
