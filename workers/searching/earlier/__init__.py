"""What a search takes over from earlier ones: their trials, and the weights of their finalists."""
