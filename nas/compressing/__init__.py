"""Whole compressions: from a network or a file to a smaller file, through a chain of compressors."""
