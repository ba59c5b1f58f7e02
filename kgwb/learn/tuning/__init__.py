"""Tuning a model on tasks: what is checked, planned, run step by step, kept, and known before it starts."""
