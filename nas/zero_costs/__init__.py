"""Zero-cost scores, one a module."""
