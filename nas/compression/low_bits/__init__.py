"""What networks of few bits train with: rounded activations and gradients, shift-based batch norm, 8-bit integers."""
