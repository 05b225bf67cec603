"""A proxy check: whether the trials' short training orders networks as the longer one does.

Import `check` from outside.
"""
