"""Checks of the quality gate, one kind of fault a file."""
