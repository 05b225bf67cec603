"""The commands of the service: the server's, and those that speak to a service through its client."""
