"""Review: candidate facts, accepted or rejected by a person."""
