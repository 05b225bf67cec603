"""Measuring on other machines: requests for measurements, leases of batches of them, registered agents.

Other packages import `agents`, `leases`, `requests` and `measure`.
"""
