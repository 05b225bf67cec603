"""Whether the short training of trials, the proxy, orders networks as a longer training does."""
