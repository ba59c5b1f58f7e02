"""A small BERT of one's own: its word pieces, what it must guess, and its training."""
