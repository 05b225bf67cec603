"""Devices and the runtimes on them: names, fingerprints, how an ONNX file is prepared and run.

Other packages import `device`, `local`, `runtime` and `formats`; the members of `runtimes` and
`converters` are found by name.
"""
