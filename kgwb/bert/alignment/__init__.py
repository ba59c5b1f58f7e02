"""Graph space and word space: maps between them, how good they are, and vectors for entities that have none."""
