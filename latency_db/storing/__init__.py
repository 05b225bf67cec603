"""The latency database: tables, migrations, and how records, refusals and predictions are added and read.

Other packages import `store`, `known_devices`, `predictions`, `summaries` and `location`; SQL stays inside (and in
`remote`).
"""
