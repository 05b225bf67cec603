"""The table of models that a target does not run; requests are found by what they ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_refusal_target_id"),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name="fk_refusal_signature_id"),
        sa.PrimaryKeyConstraint("target_id", "signature_id", name="pk_refusal"),
    )
    op.create_index("request_asked", "request", ["target_id", "signature_id", "effort"])
