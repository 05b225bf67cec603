"""Samples without marks: a marked sample takes the state and the reason of its mark."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("UPDATE sample SET state = mark, reason = mark_reason WHERE mark IS NOT NULL")
    for column in ("mark", "mark_reason", "marked_at"):
        op.drop_column("sample", column)
