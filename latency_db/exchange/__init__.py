"""Latency tables as files: written and read as Parquet or CSV, published tables imported from their own formats.

Import `table`, `published` and `importer` from outside.
"""
