"""Which of the entities with one name a mention means, and whether it means any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kgwb.bert.evidence import Choices, find_other_words, weigh_coherence, weigh_context, weigh_renown
from kgwb.bert.mentions import find_mentions
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import list_mentions, list_texts
from kgwb.checks import expect_at_least, expect_kind
from kgwb.embed.graph_embedding import expect_embedding
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.knowledge_graph import expect_graph

if TYPE_CHECKING:
    from kgwb.embed import GraphEmbedding


# Low enough for no link, and still above zero, so that the order of candidates stays.
_OTHER_WORD = 0.1
_WEIGHTS: Mapping[str, int | float] = {"prior": 0.1, "context": 0.3, "coherence": 0.6}


@dataclass(frozen=True, eq=False, repr=False)
class Links:
    """What the mentions of some sentences mean.

    Attributes:
        mentions: per sentence, the mentions that name an entity of the graph, ready for `read` and `encode_sentences`; their
            candidates stand in the order of their scores.
        unlinked: per sentence, the mentions whose best candidate stays below the threshold (NIL: the name is in the
            graph, what it means here is not); `entity` is that candidate all the same.
        scores: one row per candidate: sentence, mention (its number in the sentence), text, entity, label, what speaks
            for it (prior, context, coherence, each from 0 to 1, or NaN where there was nothing to go by), score, and
            whether it was chosen; the best first.
        threshold: the least score of a link.
    """

    mentions: list[list[Mention]]
    unlinked: list[list[Mention]]
    scores: pd.DataFrame
    threshold: int | float

    def __repr__(self) -> str:
        linked, unlinked = (sum(map(len, found)) for found in (self.mentions, self.unlinked))
        candidates = self.scores.groupby(["sentence", "mention"]).size()
        return (
            f"Links: {linked:,} of {linked + unlinked:,} mentions linked, {unlinked:,} below {self.threshold:g}; "
            f"{int((candidates > 1).sum()):,} had several candidates"
        )


def link_mentions(
    sentences: Sequence[str | Sentence],
    mentions: Sequence[Sequence[Mention]],
    graph: KnowledgeGraph,
    *,
    bert: Bert | None = None,
    vectors: GraphEmbedding | None = None,
    prior: int | float = _WEIGHTS["prior"],
    context: int | float = _WEIGHTS["context"],
    coherence: int | float = _WEIGHTS["coherence"],
    threshold: int | float = 0.15,
) -> Links:
    """Choose among the entities that each mention may name by renown, by the sentence, and by the other mentions.

    score = (w₁ prior + w₂ context + w₃ coherence) / (w₁ + w₂ + w₃), each of them from 0 to 1; what there is not (context
    without a BERT, coherence without another mention) counts neither above nor below the line.
    *prior*, half for a high degree and half for a label spelt to the letter; *context*, the cosine of BERT's mean
    hidden states of the sentence and of what the graph says about the candidate; *coherence*, how close the graph
    brings it to the other mentions. A tenth of that, and no coherence, where the text writes another word (turkey, in
    small letters) or the name is a part of another (Lake Victoria, Georgia Tech); `find_mentions` leaves these out. The
    weights and the threshold were chosen on one half of the names of three data sets and measured on the other:
    tests/benchmarks/README.md.

    Args:
        sentences: the texts.
        mentions: per sentence, its mentions with their candidates, as `find_mentions` gives them.
        graph: whose entities the candidates are.
        bert: reads the sentences and the descriptions.
        vectors: of the same graph; with them, pairs that the graph does not link may still be plausible.
        prior: weight.
        context: weight.
        coherence: weight.
        threshold: the least score of a link; 0 links every mention. 0.15 leaves at least nine in ten right links in
            place, in text from elsewhere too; 0.2 finds most names that mean something else where the text is about
            the graph, and costs text from elsewhere half of its links.

    Raises:
        ValueError: for a negative weight or none above 0, as many lists of mentions as sentences did not come, a
            candidate is not in the graph, the vectors are another graph's, or a sentence is too long for BERT.

    Example:
        >>> from kgwb import find_mentions, load_bert
        >>> facts = pd.DataFrame(
        ...     [["springfield_il", "in", "Illinois"], ["springfield_ma", "in", "Massachusetts"]],
        ...     columns=["head", "relation", "tail"],
        ... )
        >>> names = pd.DataFrame({"entity": ["springfield_il", "springfield_ma"], "label": "Springfield"})
        >>> graph = KnowledgeGraph.from_pandas(facts, names)
        >>> texts = ["Springfield lies in Massachusetts."]
        >>> links = link_mentions(texts, find_mentions(texts, graph, load_bert().tokenizer), graph)
        >>> [graph.entities["entity"][mention.entity] for mention in links.mentions[0]]
        ['springfield_ma', 'Massachusetts']
    """
    weights: dict[str, int | float] = {"prior": prior, "context": context, "coherence": coherence}
    expect_graph(graph, "link_mentions(sentences, mentions, {})")
    sentences = list_texts(sentences, call="link_mentions(['Paris is in France.'], mentions, graph)")
    mentions = list_mentions(mentions, len(sentences))
    if bert is not None:
        expect_kind(bert, Bert, "A BERT", call="link_mentions(sentences, mentions, graph, bert=kgwb.load_bert())")
    if vectors is not None:
        expect_embedding(vectors, "link_mentions(sentences, mentions, graph, vectors=GraphEmbedding(graph, ComplEx()))")
    expect_at_least("threshold", threshold, 0)
    _check_arguments(mentions, graph, vectors, weights)
    return _link(sentences, mentions, graph, bert, vectors, weights, threshold)


def find_linked_mentions(sentences: Sequence[str], graph: KnowledgeGraph, bert: Bert) -> list[list[Mention]]:
    """What `find_mentions` finds; of several entities with one name the one that `link_mentions` prefers.

    Every mention stays, however low its score. A sentence without such names costs nothing more, and each of the others
    is judged by itself, so that its mentions do not depend on which others are read with it, to the last bit.

    Args:
        sentences: the texts.
        graph: whose entities are looked for.
        bert: reads the ambiguous sentences and the descriptions of their candidates; an injector takes no part.

    Raises:
        ValueError: if an ambiguous sentence is too long for BERT.
    """
    found = find_mentions(sentences, graph, bert.tokenizer)
    unclear = [row for row, mentions in enumerate(found) if any(len(each.candidates) > 1 for each in mentions)]
    if unclear:
        texts, mentions = [sentences[row] for row in unclear], [found[row] for row in unclear]
        links = _link(texts, mentions, graph, bert, None, _WEIGHTS, threshold=0, batch=1)
        for row, linked in zip(unclear, links.mentions, strict=True):
            found[row] = linked
    return found


def _link(
    sentences: Sequence[str | Sentence],
    mentions: Sequence[Sequence[Mention]],
    graph: KnowledgeGraph,
    bert: Bert | None,
    vectors: GraphEmbedding | None,
    weights: Mapping[str, int | float],
    threshold: int | float,
    batch: int = 64,
) -> Links:
    choices = list_choices(mentions)
    spelt = _spell(sentences, mentions)
    other = find_other_words(graph, choices, sentences, mentions)
    seen = {
        "prior": weigh_renown(graph, choices, spelt),
        "context": np.full(len(choices.entity), np.nan),
        "coherence": np.full(len(choices.entity), np.nan),
    }
    seen["coherence"][~other] = weigh_coherence(graph, choices.select(~other), vectors)
    if bert is not None and len(choices.entity):
        seen["context"] = weigh_context(graph, choices, sentences, bert, batch=batch)
    score = _combine(seen, weights) * np.where(other, _OTHER_WORD, 1.0)
    scores = _tabulate(graph, mentions, spelt, choices, seen, score, threshold)
    return _choose(mentions, scores, threshold)


def _check_arguments(
    mentions: Sequence[Sequence[Mention]],
    graph: KnowledgeGraph,
    vectors: GraphEmbedding | None,
    weights: dict[str, int | float],
) -> None:
    for name, weight in weights.items():
        expect_at_least(name, weight, 0)
    if not sum(weights.values()):
        raise ValueError("All three weights are 0. Expected one above it: type link_mentions(..., coherence=0.6).")
    if vectors is not None and vectors.graph.fingerprint != graph.fingerprint:
        raise ValueError(
            f"The vectors are of {vectors.graph.name!r}, the mentions of {graph.name!r}, and their entities differ. "
            "Train vectors on this graph, or leave them out."
        )
    ids = {entity for found in mentions for mention in found for entity in _candidates(mention)}
    unknown = [entity for entity in ids if not 0 <= entity < len(graph.entities)]
    if unknown:
        raise ValueError(
            f"A mention may name entity {min(unknown)}, and the graph {graph.name!r} has 0 to {len(graph.entities) - 1}. "
            "Expected mentions found with the same graph: find_mentions(sentences, graph, bert.tokenizer)."
        )


def _spell(sentences: Sequence[str | Sentence], mentions: Sequence[Sequence[Mention]]) -> list[str]:
    texts = [sentence.text if isinstance(sentence, Sentence) else sentence for sentence in sentences]
    return [text[each.start : each.end] for text, found in zip(texts, mentions, strict=True) for each in found]


def _candidates(mention: Mention) -> tuple[int, ...]:
    return mention.candidates or (mention.entity,)


def list_choices(mentions: Sequence[Sequence[Mention]]) -> Choices:
    """Every candidate of every mention."""
    counts = [len(_candidates(mention)) for found in mentions for mention in found]
    entities = [entity for found in mentions for mention in found for entity in _candidates(mention)]
    mention = np.repeat(np.arange(len(counts)), counts)
    sentence = np.repeat(np.arange(len(mentions)), [len(found) for found in mentions])
    return Choices(np.asarray(entities, dtype=np.int64), mention, sentence[mention])


def _combine(seen: dict[str, np.ndarray], weights: Mapping[str, int | float]) -> np.ndarray:
    """The weighted mean of what there is; 0 where nothing that counts was seen."""
    weight = np.asarray(list(weights.values()), dtype=np.float64) * ~np.isnan(np.stack(list(seen.values()), 1))
    summed = (weight * np.nan_to_num(np.stack(list(seen.values()), 1))).sum(1)
    return summed / np.where(weight.sum(1) > 0, weight.sum(1), 1.0)


def _tabulate(
    graph: KnowledgeGraph,
    mentions: Sequence[Sequence[Mention]],
    spelt: list[str],
    choices: Choices,
    seen: dict[str, np.ndarray],
    score: np.ndarray,
    threshold: int | float,
) -> pd.DataFrame:
    numbers = np.asarray([number for found in mentions for number in range(len(found))], dtype=np.int64)
    labels = np.asarray(graph.labels, dtype=object)
    table = pd.DataFrame(
        {
            "sentence": choices.sentence,
            "mention": numbers[choices.mention],
            "text": np.asarray(spelt, dtype=object)[choices.mention],
            "entity": choices.entity,
            "label": labels[choices.entity],
            **seen,
            "score": score,
        }
    )
    # A stable sort: of two equal scores the better connected, which came first, stays first.
    table = table.iloc[np.lexsort((-score, choices.mention))].reset_index(drop=True)
    best = ~table.duplicated(["sentence", "mention"])
    return table.assign(chosen=best & (table["score"] >= threshold))


def _choose(mentions: Sequence[Sequence[Mention]], scores: pd.DataFrame, threshold: int | float) -> Links:
    rows = zip(scores["entity"].tolist(), scores["chosen"].tolist(), strict=True)
    linked: list[list[Mention]] = [[] for _ in mentions]
    unlinked: list[list[Mention]] = [[] for _ in mentions]
    for sentence, found in enumerate(mentions):
        for mention in found:
            entities, chosen = zip(*islice(rows, len(_candidates(mention))), strict=True)
            known = replace(mention, entity=entities[0], candidates=entities)
            (linked if chosen[0] else unlinked)[sentence].append(known)
    return Links(linked, unlinked, scores, threshold)
