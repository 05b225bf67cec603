"""Validation of estimates by end-to-end measurements, and a device's track record.

Other packages may import all modules.
"""
