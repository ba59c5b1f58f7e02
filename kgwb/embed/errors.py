"""What can go wrong with an embedding."""

from __future__ import annotations


class EmbeddingFileError(ValueError):
    """A folder cannot be loaded as an embedding of this graph."""


class TrainingError(ArithmeticError):
    """Training has left the numbers behind."""
