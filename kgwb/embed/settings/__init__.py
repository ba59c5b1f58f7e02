"""Settings found by search, for a graph that nothing was tuned for: what is tried, how long, and what came of it."""
