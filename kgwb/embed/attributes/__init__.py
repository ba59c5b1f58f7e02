"""Numbers that entities lack, filled in from the graph, with the interval in which each lies."""
