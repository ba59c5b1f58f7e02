"""Training as a film: one map for each epoch."""
