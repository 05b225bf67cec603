"""How an exported network is made smaller, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("compression", "report"):
        op.add_column("export", sa.Column(name, sa.Text()))
