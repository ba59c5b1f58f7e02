"""What each attention head does over many sentences: a few figures for each, reduced batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int
from kgwb.bert.encoding import Encoding
from kgwb.bert.head_figures import METRICS, ReducedBatch
from kgwb.bert.linked_pairs import LinkScore, MentionPairs, list_mention_pairs, permute_links
from kgwb.bert.linking import find_linked_mentions
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import encode_sentences, list_texts
from kgwb.bert.trace import Record
from kgwb.checks import expect_at_least, expect_kind, expect_seed
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.knowledge_graph import expect_graph

Pair = Int[np.ndarray, "sentence layer head 2"]


@dataclass(frozen=True, eq=False, repr=False)
class HeadHabits:
    """What each head of a BERT does over some sentences.

    Attributes:
        sentences: the texts.
        tokens: per sentence, its word pieces.
        values: the figures of `METRICS`, [sentence, layer, head, metric]; NaN where a sentence has no such thing.
        strongest: the word pieces between which each head looks most, special ones and a piece itself left out, (query,
            key); −1 where there is none.
        strength: the weight of that.
        links: how far heads follow the edges of a graph; None where none was given.
        name: which model read.
    """

    sentences: tuple[str, ...]
    tokens: tuple[tuple[str, ...], ...]
    values: Float[np.ndarray, "sentence layer head metric"]
    strongest: Pair
    strength: Float[np.ndarray, "sentence layer head"]
    links: LinkScore | None
    name: str

    @property
    def frame(self) -> pd.DataFrame:
        """One row per layer and head: each metric's mean over the sentences and its standard deviation, `_spread`.

        With a graph also `linked`, attention between mentions that a triple links, `matched`, between others at the same
        distance, `follows`, the difference, and `twin` and `twin_spread`, what `linked` is with the links permuted.
        """
        _, layers, heads, _ = self.values.shape
        layer, head = (axis.ravel() for axis in np.indices((layers, heads)))
        columns: dict[str, np.ndarray] = {"layer": layer, "head": head}
        for i, name in enumerate(METRICS):
            mean, spread = summarise_sentences(self.values[..., i])
            columns |= {name: mean.ravel(), f"{name}_spread": spread.ravel()}
        if self.links is not None:
            names = ("linked", "matched", "twin", "twin_spread", "p_value")
            found = {name: getattr(self.links, name)[:, :-1].ravel() for name in names}
            columns |= {"follows": found["linked"] - found["matched"], **found}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        count, layers, heads, _ = self.values.shape
        return f"HeadHabits of {self.name}: {layers} layers of {heads} heads over {count} sentences"


def measure_heads(
    bert: Bert,
    sentences: Sequence[str | Sentence],
    *,
    mentions: Sequence[Sequence[Mention]] | None = None,
    graph: KnowledgeGraph | None = None,
    batch: int = 32,
    permutations: int = 200,
    seed: int = 0,
) -> HeadHabits:
    """Measure what every head does, sentence by sentence, without keeping its attention.

    Of each word piece that is not special, and then as the mean over those of a sentence: the weight on the `previous` word
    piece, the `next`, `itself`, `[CLS]` and `[SEP]`; on the word pieces of `mentions`, from those outside; on what was
    `injected`, facts in memory and vectors set beside; the `entropy` of the row, all of these and a learned prefix included, in
    bits; and the mean `distance` in word pieces of what it looks at.

    Args:
        bert: plain or injected.
        sentences: texts, or `Sentence`s with their own mentions.
        mentions: per sentence, where it names entities; by default as `kgwb.read` finds them, in `graph` where the BERT has
            no injector.
        graph: with it the attention between mentions that it links is compared with others, as `score_links` does.
        batch: sentences read at once.
        permutations, seed: of that comparison.

    Raises:
        TypeError: something is not a BERT, no texts, or no graph.
        ValueError: batch or permutations is no whole number above 0.

    Example:
        >>> from kgwb import load_bert
        >>> measure_heads(load_bert(), ["Paris is in France.", "Rome is in Italy."])
        HeadHabits of minilm: 6 layers of 12 heads over 2 sentences
    """
    expect_kind(bert, Bert, "A BERT", call="measure_heads(kgwb.load_bert(), sentences)")
    texts = list_texts(sentences, call="measure_heads(bert, ['Paris is in France.'])")
    expect_at_least("batch", batch, 1, whole=True)
    expect_at_least("permutations", permutations, 1, whole=True)
    seed = expect_seed(seed)
    if graph is not None:
        expect_graph(graph, "measure_heads(bert, sentences, graph={})")
    known = bert.injector.graph if bert.injector is not None else graph
    if mentions is None and known is not None and not any(isinstance(each, Sentence) for each in texts):
        mentions = find_linked_mentions([str(each) for each in texts], known, bert)
    encoding = encode_sentences(bert, texts, mentions=mentions)
    pairs = None if graph is None else list_mention_pairs(encoding.mentions, graph)
    rows, found = [], []
    for some, record in _read_batches(bert, encoding, batch):
        rows += some
        found.append(ReducedBatch.of(bert, encoding.select(some), record, some, pairs))
    back = np.argsort(rows)  # sentences were read in the order of their lengths
    spelt = (
        bert.tokenizer.convert_ids_to_tokens(p[r].tolist())
        for p, r in zip(encoding.pieces, encoding.is_token, strict=True)
    )
    return HeadHabits(
        sentences=tuple(each.text if isinstance(each, Sentence) else each for each in texts),
        tokens=tuple(map(tuple, spelt)),
        values=np.concatenate([each.values for each in found])[back],
        strongest=np.concatenate([each.strongest for each in found])[back],
        strength=np.concatenate([each.strength for each in found])[back],
        links=None if pairs is None else _score(found, pairs, permutations, seed),
        name=bert.name,
    )


def summarise_sentences(
    values: Float[np.ndarray, "sentence layer head"],
) -> tuple[Float[np.ndarray, "layer head"], Float[np.ndarray, "layer head"]]:
    """The mean and the standard deviation over the sentences that have a figure; NaN where none has."""
    there = ~np.isnan(values)
    count = np.maximum(there.sum(0), 1)
    mean = np.where(there, values, 0).sum(0) / count
    spread = np.sqrt(np.where(there, (values - mean) ** 2, 0).sum(0) / count)
    nothing = ~there.any(0)
    return np.where(nothing, np.nan, mean), np.where(nothing, np.nan, spread)


def _read_batches(bert: Bert, encoding: Encoding, batch: int) -> Iterator[tuple[list[int], Record]]:
    bert = bert.in_mode(training=False)
    for some in encoding.is_token.sum(1).argsort(stable=True).split(batch):
        with torch.no_grad():
            record = bert.observe(encoding.select(some.tolist()).to(bert.device))
        yield some.tolist(), record


def _score(found: Sequence[ReducedBatch], pairs: MentionPairs, permutations: int, seed: int) -> LinkScore:
    order = np.argsort(np.concatenate([each.pair_rows for each in found]), kind="stable")
    weights = np.concatenate([each.pair_weights for each in found])[order]
    return permute_links(weights, pairs, permutations=permutations, seed=seed)
