"""What training a network is expected to gain, from what a surrogate says of it."""
