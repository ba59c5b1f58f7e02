"""Embedding spaces as maps, with how far a map can be trusted."""
