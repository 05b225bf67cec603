"""The database: tables, rows, migrations, what is added, marked and read.

Import `store` and `known_devices` from outside; SQL stays inside (and in `remote`).
"""
