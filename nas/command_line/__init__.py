"""The `nas` command: its entry, and groups whose commands are entry points.

Commands import `groups`.
"""
