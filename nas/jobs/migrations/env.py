"""Runs the revisions on the connection, and in the transaction, of nas.jobs.migrate."""

from alembic import context

from nas.jobs.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
