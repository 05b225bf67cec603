"""Profiling a space on a device: which of its kernels to measure first, and measuring them.

Other packages import `measurer`, `build`, `coverage` and `space_profile`.
"""
