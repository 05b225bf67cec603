"""What becomes of the best trials of a search: repeats, the longer training, files, tests and measurements."""
