"""Parts that BERT is given beside its own weights, so that few weights learn: one file for each, and what they are made of."""
