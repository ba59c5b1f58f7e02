"""What can be learnt from text alone: masked words, and whether a sentence follows."""
