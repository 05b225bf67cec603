"""Runs the revisions on the connection, and in the transaction, of nas.sql.migrate."""

from alembic import context

from nas.jobs.tables import metadata

given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=metadata, version_table=given["version_table"])
context.run_migrations()
