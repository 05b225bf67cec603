"""Where trials run; a new executor is one new module here."""
