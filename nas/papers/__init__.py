"""Reproductions of papers, one a module. A new module here is a new reproduction of `nas papers`."""
