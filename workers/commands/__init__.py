"""The commands that workers bring to `nas`."""
