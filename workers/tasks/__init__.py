"""What runs inside a worker process: training and conversion."""
