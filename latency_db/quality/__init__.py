"""Checks of a table of latencies: which rows and devices are suspect, and why.

Other packages import `check`; the members of `checks` are found by name.
"""
