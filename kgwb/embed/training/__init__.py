"""From triples to vectors: queries in batches, what makes their loss, and the loop that lowers it."""
