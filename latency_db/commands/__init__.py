"""The commands that latency_db brings to `nas`."""
