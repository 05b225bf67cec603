"""Static quantization: networks whose weights and activations are 8-bit integers, as ONNX files."""
