"""Strategies of tuning: in which steps several tasks are learned, and how one step joins them."""
