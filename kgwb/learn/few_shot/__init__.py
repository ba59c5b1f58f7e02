"""Learning from a few examples of each class: episodes, prototypes, adaptation."""
