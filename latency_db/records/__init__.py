"""Records of measurements: their sessions, statistics and states, signatures of models, consensus of sessions.

Other packages may import all modules; nothing here measures or stores.
"""
