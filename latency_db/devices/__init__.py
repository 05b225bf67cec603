"""Devices and the runtimes on them: names, fingerprints, how an ONNX file is prepared and run.

Import `device`, `runtime` and `formats` from outside; the members of `runtimes` and `converters` are found by name.
"""
