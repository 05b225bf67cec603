"""Records of measurements: their sessions, statistics and states, signatures of models, consensus of sessions.

All modules may be imported from outside; nothing here measures or stores.
"""
