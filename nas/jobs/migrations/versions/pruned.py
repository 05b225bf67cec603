"""How many trials of a search a pruner has stopped early."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("search", sa.Column("pruned", sa.Integer(), nullable=False, server_default="0"))
