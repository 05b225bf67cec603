"""Measuring on other machines: requests for measurements, leases of batches of them, registered agents.

Import `agents`, `leases`, `requests` and `measure` from outside.
"""
