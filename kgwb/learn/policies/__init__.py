"""Policies of tuning: what is free to learn, and how the gradient of a step is taken."""
