"""Attributes as numbers a layer can take: values in standard units, texts as counts of their letter groups."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.words import quote

NAMES = ("entity", "aliases")  # what an entity is called in the file says nothing about it
LETTERS = 3
WIDE = 100  # values that span more than this factor enter by their logarithm


@dataclass(frozen=True, eq=False)
class Literals:
    """What is known of each entity beside its triples, as a sparse table.

    Attributes:
        rows: the entity of each entry.
        columns: the feature.
        values: the entry itself; whatever is not listed is 0.
        features: how many features there are.
        numbers: the attributes that are numbers, each two features: the value, and whether it is missing.
        texts: the attributes that are texts, together a bag of letter groups and whether all are missing.
    """

    rows: Int[np.ndarray, " entry"]
    columns: Int[np.ndarray, " entry"]
    values: Float[np.ndarray, " entry"]
    features: int
    numbers: tuple[str, ...]
    texts: tuple[str, ...]


def read_literals(entities: pd.DataFrame, columns: Sequence[str] | None, *, buckets: int) -> Literals:
    """The attributes of a graph's entities as features.

    A number is given in standard deviations from the mean of the entities that have it (of its logarithm where all are
    positive and span more than a factor of 100), and 0 where it is missing, with a second feature that says so. Texts
    are taken apart into groups of three letters, which are hashed into buckets; the counts have length one.

    Args:
        entities: a graph's table of entities.
        columns: those to read; None for every column but names and aliases.
        buckets: features for the texts.

    Raises:
        ValueError: there is no such column, or no column holds anything.
    """
    chosen = [column for column in entities.columns if column not in NAMES]
    if columns is not None:
        chosen = [columns] if isinstance(columns, str) else list(columns)
    unknown = [column for column in chosen if column not in entities.columns]
    if unknown:
        found = ", ".join(quote(column) for column in entities.columns if column not in NAMES)
        raise ValueError(f"There is no attribute {quote(unknown[0])}. The graph's entities have {found}.")
    numbers = tuple(column for column in chosen if _is_number(entities[column]) and _finite(entities[column]).any())
    texts = tuple(
        column for column in chosen if not _is_number(entities[column]) and any(map(_plain, entities[column]))
    )
    if not numbers + texts:
        message = "No attribute of the entities holds anything"
        raise ValueError(f'{message}. Type read_graph(folder) with an entities.tsv, or columns=["label"].')
    parts = [_number_entries(entities[column], 2 * place) for place, column in enumerate(numbers)]
    if texts:
        joined = [" ".join(_plain(cell) for cell in row) for row in zip(*(entities[c] for c in texts), strict=True)]
        parts.append(_text_entries(joined, 2 * len(numbers), buckets))
    rows, places, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    features = 2 * len(numbers) + (buckets + 1 if texts else 0)
    return Literals(rows, places, values, features, numbers, texts)


def count_letters(text: str) -> Counter[str]:
    """How often each group of three letters occurs, ends of words marked by blanks.

    Example:
        >>> sorted(count_letters("Oslo"))
        [' os', 'lo ', 'osl', 'slo']
    """
    padded = f" {' '.join(text.casefold().split())} "
    return Counter(padded[i : i + LETTERS] for i in range(len(padded) - LETTERS + 1))


def _number_entries(column: pd.Series, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values, known = column.to_numpy(dtype=float, na_value=np.nan), _finite(column)
    present = values[known]
    if present.min() > 0 and present.max() / present.min() > WIDE:
        present = np.log10(present)
    standard = (present - present.mean()) / (present.std() or 1.0)
    rows = np.concatenate([np.flatnonzero(known), np.flatnonzero(~known)])
    places = np.repeat([place, place + 1], [known.sum(), (~known).sum()])
    return rows, places, np.concatenate([standard, np.ones((~known).sum())])


def _text_entries(texts: Sequence[str], place: int, buckets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, places, values = [], [], []
    for row, text in enumerate(texts):
        counts: Counter[int] = Counter()
        for group, count in count_letters(text).items() if text.strip() else ():
            counts[zlib.crc32(group.encode()) % buckets] += count
        length = np.sqrt(sum(count**2 for count in counts.values()))
        rows += [row] * (len(counts) or 1)
        places += [place + bucket for bucket in counts] or [place + buckets]
        values += [count / length for count in counts.values()] or [1.0]
    return np.array(rows, dtype=np.int64), np.array(places, dtype=np.int64), np.array(values, dtype=float)


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _finite(column: pd.Series) -> np.ndarray:
    return np.isfinite(column.to_numpy(dtype=float, na_value=np.nan))


def _plain(cell: object) -> str:
    return cell if isinstance(cell, str) else " ".join(map(str, cell)) if isinstance(cell, (list, tuple)) else ""
