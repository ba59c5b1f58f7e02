"""Heads: what each one does over many sentences, before and after."""
