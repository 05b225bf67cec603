"""Pruning while a network trains: of single weights, and of whole channels."""
