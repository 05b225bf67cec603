"""Converters of ONNX models into other runtimes' files, one a module, each run in a process of its own."""
