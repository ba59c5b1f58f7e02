"""Runs over seeds with their controls, and the report on what they answered."""
