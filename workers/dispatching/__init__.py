"""The dispatcher: claims searches of the ledger and carries them out.

Import `process` from outside.
"""
