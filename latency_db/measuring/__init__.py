"""Measuring ONNX models on this machine: conditions, cores, timing, sessions.

Import `measure` from outside.
"""
