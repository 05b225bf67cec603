"""The papers' networks; a new family is one new module here."""
