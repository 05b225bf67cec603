"""What is told and kept of a search while it goes on, and the record that its report shows."""
