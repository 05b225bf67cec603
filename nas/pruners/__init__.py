"""The pruners that ship with nas; a new one is one new module here."""
