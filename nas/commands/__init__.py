"""The commands that nas brings; each is found through the entry points in pyproject.toml."""
