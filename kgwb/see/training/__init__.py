"""Training while it runs: loss, ranks, speed, time left."""
