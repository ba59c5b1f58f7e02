"""From sentences to facts of the graph: names, candidates, what speaks for each, and what a person accepts."""
