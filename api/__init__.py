"""The HTTP shell. Empty until the service lands; here so that the import contracts guard its place."""
