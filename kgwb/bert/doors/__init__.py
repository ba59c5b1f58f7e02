"""The doors into BERT, one file each, and what they are made of."""
