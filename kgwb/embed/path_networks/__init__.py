"""Scores by the paths between two entities, without a vector per entity: for graphs whose entities training never saw."""
