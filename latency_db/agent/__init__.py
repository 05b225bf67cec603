"""The device agent: measures for a service on a machine with Python, onnxruntime, numpy, httpx2 and nothing else."""
