"""Inquiries in the ledger: what clients ask before a search; requested, claimed under a lease, ended with an answer."""
