"""Spaces whose networks all have a known accuracy and latency, read from problem files (docs/tabular.md).

A search of thousands of trainings runs on them in seconds, so they compare searchers (NAS-Bench-201, arXiv:2001.00326).
"""
