"""Proxy checks: what the short training of a search's trials is worth."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "proxy_check",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("spec", "options", "digest", "state", "kept")),
        *(sa.Column(name, sa.Text()) for name in ("reason", "progress", "result", "owner")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger()) for name in ("started_at", "ended_at", "lease_until")),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_proxy_check"),
    )
    op.create_index("ix_proxy_check_state", "proxy_check", ["state", "created_at"])
    op.create_index("ix_proxy_check_digest", "proxy_check", ["digest"])
