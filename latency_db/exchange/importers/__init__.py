"""Importers of published latency tables, one format a file."""
