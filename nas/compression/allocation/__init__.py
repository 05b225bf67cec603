"""Which density and how many bits each layer gets: what each bears, and the best choice within a size."""
