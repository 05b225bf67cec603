"""Compression of trained networks: what the compressors share."""
