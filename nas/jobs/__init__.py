"""The ledger: searches, trials and events in a SQL database. API and dispatcher share nothing else but files.

Import `ledger`, `owner`, `records`, `states` and `errors` from outside; the rest is how the ledger is made.
"""
