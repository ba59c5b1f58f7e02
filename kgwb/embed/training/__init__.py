"""From triples to vectors: questions in batches, what makes their loss, and the loop that lowers it."""
