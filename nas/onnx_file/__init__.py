"""ONNX files as bytes: their fields read without `onnx`, what a file must be to be run, and the metadata in it."""
