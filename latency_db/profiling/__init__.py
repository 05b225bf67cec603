"""Profiling a space on a device: which kernels to measure first, and measuring them.

Import `measurer`, `build` and `space_profile` from outside.
"""
