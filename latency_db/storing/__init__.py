"""The latency database: tables, migrations, and how records, refusals and predictions are added and read.

Import `store` and `known_devices` from outside; SQL stays inside (and in `remote`).
"""
