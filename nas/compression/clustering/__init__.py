"""Weights that share a few values (Deep Compression): clusters, codebooks, and codes that move in a training."""
