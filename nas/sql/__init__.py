"""SQL for any schema: database connections, column types, migrations, ids. It knows no tables."""
