"""What an exported file takes, where that is not as the spec says."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("export", sa.Column("input", sa.Text()))
