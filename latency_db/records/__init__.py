"""What a measurement is: records and where they come from, signatures of models, reference models, consensus.

All modules may be imported from outside; nothing here measures or stores.
"""
