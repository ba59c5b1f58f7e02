"""Completing a graph by what entities are called and described: queries, pairs, and rankers that read."""
