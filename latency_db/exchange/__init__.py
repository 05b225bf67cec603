"""Latency tables and records as Parquet files, and importers of tables that others publish in formats of their own.

Other packages import `table`, `table_records`, `record_file`, `parquet` and `importer`; importers are found by name.
"""
