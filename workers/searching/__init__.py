"""One search from its spec to its report, wherever its progress is stored.

Import `pipeline` from outside.
"""
