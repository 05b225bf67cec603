"""Inquiries: proxy checks are one kind of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TEXTS = ("spec", "options", "digest", "state", "kept")
ALL = ("id", *TEXTS, "reason", "progress", "result", "owner", "created_at", "started_at", "ended_at", "lease_until")


def upgrade() -> None:
    op.create_table(
        "inquiry",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", *TEXTS)),
        *(sa.Column(name, sa.Text()) for name in ("reason", "progress", "result", "owner")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger()) for name in ("started_at", "ended_at", "lease_until")),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_inquiry"),
    )
    kept = ", ".join((*ALL, "epoch", "deaths"))
    op.execute(f"INSERT INTO inquiry (kind, {kept}) SELECT 'PROXY_CHECK', {kept} FROM proxy_check")  # noqa: S608 - names
    op.drop_table("proxy_check")
    op.create_index("ix_inquiry_state", "inquiry", ["state", "created_at"])
    op.create_index("ix_inquiry_digest", "inquiry", ["digest"])
