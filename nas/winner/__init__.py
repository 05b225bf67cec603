"""How the best of trained networks is found: by what is believed of each, not by the luckiest of their scores.

Import `choice` from outside.
"""
