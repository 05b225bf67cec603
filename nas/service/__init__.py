"""What API and dispatcher share besides the ledger: settings, artifact store, data root, cleaning and disk use."""
