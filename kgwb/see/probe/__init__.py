"""The table of a probe as a picture."""
