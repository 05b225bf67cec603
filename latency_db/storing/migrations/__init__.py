"""Alembic's revisions of the latency database; latency_db.storing.schema runs them."""
