"""LiteralE: what is known of an entity beside its triples, numbers and short texts, enters its vector."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_each
from kgwb.embed.encoders.encoder import expect_vectors
from kgwb.embed.encoders.message_passing import Mixture
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split, expect_source
from kgwb.memory import within_memory
from kgwb.words import quote

NAMES = ("entity", "aliases")  # what an entity is called in the file says nothing about it
LETTERS = 3
WIDE = 100  # values that span more than this factor enter by their logarithm


class LiteralEncoder(nn.Module):
    """An entity's own attributes are added to its vector, as much as a gate lets through.

    h′ = h + σ(W_z [h; l] + b_z) ∘ tanh(W [h; l] + b), with l the attributes (Kristiadi et al., 2019, "Incorporating
    literals into knowledge graph embeddings", LiteralE, where the gate trades h for the rest; here h stays, so that a
    fresh encoder changes nothing). Picture: a card of figures pinned to each entity, read where the vector itself
    leaves a question open. Entities that training never met have attributes too, so they can be ranked better than by
    chance.

    Numbers enter in standard units (by their logarithm where they span more than a factor of 100), texts as hashed
    groups of three letters; what is missing is 0, and a feature of its own says that it is missing. Nothing is read from
    triples; but a description may spell out what a test triple asks, "city in Texas": name the columns to leave it out.

    Args:
        split: whose graph's entities have the attributes, or the graph itself.
        dim: as of the embedding.
        columns: the attributes to read, for example ["area", "population"]; None for every column but names and aliases.
        buckets: features for the texts.

    Raises:
        ValueError: a number out of its range, no such column, or nothing in any of them.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> areas = pd.DataFrame({"entity": ["Germany"], "area": [357_000]})
        >>> LiteralEncoder(KnowledgeGraph.from_pandas(facts, areas), dim=4, columns=["area"])
        LiteralEncoder(
          dim=4, numbers: area; texts: none
          (literals): Mixture(2 from 2 by 2 weights)
        )
    """

    def __init__(
        self,
        split: Split | KnowledgeGraph,
        *,
        dim: int = 128,
        columns: Sequence[str] | None = None,
        buckets: int = 1024,
    ) -> None:
        super().__init__()
        expect_source(split)
        expect_at_least("dim", dim, 1, whole=True)
        expect_at_least("buckets", buckets, 1, whole=True)
        graph = split.graph if isinstance(split, Split) else split
        found = read_literals(graph.entities, columns, buckets=buckets)
        self.dim, self.numbers, self.texts = dim, found.numbers, found.texts
        self.literals = Mixture(found.rows, found.columns, found.values, (len(graph.entities), found.features))
        # The gate's columns stand first, then those of what it lets through.
        with within_memory(f"dim={dim}, buckets={buckets}", usual="dim=128, buckets=1024"):
            self.from_literals = nn.Parameter(torch.zeros(found.features, 2 * dim))
            self.from_entity = nn.Parameter(torch.zeros(dim, 2 * dim))
            self.bias = nn.Parameter(torch.zeros(2 * dim))

    def forward(
        self, entities: Float[Tensor, "entity dim"], relations: Float[Tensor, "relation width"]
    ) -> tuple[Float[Tensor, "entity dim"], Float[Tensor, "relation width"]]:
        expect_vectors(self, entities, dim=self.dim, count=self.literals.shape[0])
        own = entities @ self.from_entity / math.sqrt(self.dim)  # [entity, 2 · dim]
        gate, offer = (self.literals(self.from_literals) + own + self.bias).chunk(2, -1)  # each [entity, dim]
        return entities + gate.sigmoid() * offer.tanh(), relations

    def extra_repr(self) -> str:
        return f"dim={self.dim}, numbers: {', '.join(self.numbers) or 'none'}; texts: {', '.join(self.texts) or 'none'}"


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
        call = "LiteralEncoder(split, columns=['population'])"
        chosen = [columns] if isinstance(columns, str) else expect_each(columns, str, "A column's name", call=call)
    unknown = [column for column in chosen if column not in entities.columns]
    if unknown:
        found = ", ".join(quote(column) for column in entities.columns if column not in NAMES)
        raise ValueError(
            f"There is no attribute {quote(unknown[0])}. The graph's entities have {found}; type some of them."
        )
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
