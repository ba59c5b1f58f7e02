"""Tasks that take a data frame and learn a head on the model: a file each, on one frame of common parts."""
