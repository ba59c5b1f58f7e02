"""Finding passages for a query: by words, by meaning, by the entities both name, and by their sum."""
