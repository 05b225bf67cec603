"""The ledger: searches, trials and events in a SQL database, the only thing that API and dispatcher share."""
