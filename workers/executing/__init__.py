"""Executors: run tasks in this process, in processes, on Ray; and the scheduler that shares them among searches.

Import `executor` and `scheduler` from outside; the members of `executors` are found by name.
"""
