"""A student that learns from a teacher's scores: over candidate answers, and over classes."""
