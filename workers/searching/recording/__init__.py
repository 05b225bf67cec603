"""What is told and kept of a search while it goes on."""
