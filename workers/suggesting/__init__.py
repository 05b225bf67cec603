"""What to search, and for how long: a spec that fits images, device, target and time."""
