"""Runtimes that can time an ONNX file; a new one is one new module here."""
