"""Measuring on other machines: requests, leases of batches, registered agents.

Import `agents`, `leases`, `requests` and `measure` from outside.
"""
