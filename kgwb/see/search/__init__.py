"""A search for settings: its trials, and which settings made a difference."""
