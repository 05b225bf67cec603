"""Intervals of proportions, rank correlations and accuracies by class."""
