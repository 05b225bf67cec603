"""Checks of a table of latencies: which rows and devices are suspect, and why.

Import `check` from outside; the members of `checks` are found by name.
"""
