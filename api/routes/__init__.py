"""Routes of the API, a file for each resource; each exports its `router`."""
