"""A search in a folder, for `nas run`.

Import `run` from outside.
"""
