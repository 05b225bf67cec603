"""The table of models that a target does not run; requests are found by what they ask for."""

import sqlalchemy as sa
from alembic import op

from nas.sql.declaring import required

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("target_id", sa.Integer(), sa.ForeignKey("target.id")),
        sa.Column("signature_id", sa.Integer(), sa.ForeignKey("signature.id")),
        *required(sa.Text(), "reason"),
        *required(sa.BigInteger(), "at"),
        sa.PrimaryKeyConstraint("target_id", "signature_id"),
    )
    op.create_index("request_asked", "request", ["target_id", "signature_id", "effort"])
