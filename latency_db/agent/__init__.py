"""The device agent: measures for a service on a machine that has Python, onnxruntime, numpy, httpx and nothing else."""
