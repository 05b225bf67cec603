"""The HTTP service: its routes and processes, the client, the commands that use it, and the dashboard."""
