"""More sentences or questions from those there are."""
