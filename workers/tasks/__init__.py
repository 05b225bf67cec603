"""The tasks that run in worker processes: preparation, evaluation, long training, conversion."""
