"""Measuring ONNX models on this machine: conditions, cores, timing, sessions.

Other packages import `measure`.
"""
