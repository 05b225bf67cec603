"""Alembic's revisions of the ledger; nas.jobs.migrate runs them."""
