"""Validation: estimates against end-to-end measurements, and a device's track record.

All modules may be imported from outside.
"""
