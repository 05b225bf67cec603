"""Proxy checks in the ledger: requested, claimed under a lease, ended with what they have found."""
