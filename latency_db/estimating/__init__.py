"""Estimates: the latency of a network on a device from what is stored; nothing here measures.

Import `estimator` from outside.
"""
