"""Is it any good? Filtered ranks of held-out triples, and what follows from them."""
