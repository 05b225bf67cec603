"""Alembic's revisions of the ledger; nas.sql.migrate runs them."""
