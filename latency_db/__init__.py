"""Latency measured on devices, kept with its provenance, and summed to estimates of whole networks."""
