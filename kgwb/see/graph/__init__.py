"""A graph, or the part of it around some entities."""
