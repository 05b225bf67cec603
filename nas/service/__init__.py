"""What the service's processes share besides the ledger: settings, the artifact store, the data root."""
