"""Alembic's revisions of the latency database; latency_db.schema runs them."""
