"""Entities and queries as texts that BERT reads, cut into word pieces once, and the vectors that it reads them to."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import normalize

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert, Encoding
from kgwb.bert.tokenizing import cut_names
from kgwb.checks import expect_kind
from kgwb.embed.precision import widen_numbers
from kgwb.graph import KnowledgeGraph, Split
from kgwb.words import count_things, shorten

PIECES_AT_ONCE = 2048  # word pieces in a block of texts, padding included: activations stay near the cache
INVERSE = "inverse of "
_WORD = re.compile(r"[^\W\d_]{3}|[^\W\d_\x00-\x7f]")  # three letters, or one of a writing without an alphabet
_log = logging.getLogger("kgwb.learn")


def describe_entity(label: str, description: str) -> str:
    """An entity as a text: its label, and what it is.

    Example:
        >>> describe_entity("sea_eagle", "a large bird"), describe_entity("Berlin", "")
        ('sea eagle: a large bird', 'Berlin')
    """
    return ": ".join(part for part in (label.replace("_", " ").strip(), description.strip()) if part)


def describe_relation(label: str) -> str:
    """A relation's label as words: the signs between them become blanks.

    Example:
        >>> describe_relation("_member_of"), describe_relation("/film/actor")
        ('member of', 'film actor')
    """
    return " ".join(re.split(r"[\s_/.]+", label)).strip()


@dataclass(frozen=True, eq=False)
class EntityTexts:
    """Every entity and every relation of a graph as word pieces.

    A step is a relation walked one way: r asks for the tail, r + relations for the head, and its text says so.

    Attributes:
        pieces: of each entity, without marks, 0 where shorter, [entity, piece].
        lengths: how many pieces each entity has, [entity].
        steps: the pieces of each step, 2 × relations of them.
        marks: the ids of the tokenizer's marks before a text, after it, and of padding.
        cut: how many entities had more pieces than were kept.
    """

    pieces: Int[np.ndarray, "entity piece"]
    lengths: Int[np.ndarray, " entity"]
    steps: tuple[tuple[int, ...], ...]
    marks: tuple[int, int, int]
    cut: int

    def encode_entities(self, entities: Int[np.ndarray, " text"]) -> Encoding:
        """[CLS] label: description [SEP]."""
        return self._encode(entities, None)

    def encode_queries(self, known: Int[np.ndarray, " text"], step: Int[np.ndarray, " text"]) -> Encoding:
        """[CLS] label: description [SEP] relation [SEP]."""
        return self._encode(known, step)

    def encode_pairs(
        self, known: Int[np.ndarray, " text"], step: Int[np.ndarray, " text"], answers: Int[np.ndarray, " text"]
    ) -> Encoding:
        """[CLS] label: description [SEP] relation [SEP], then as a second segment the answer's label: description [SEP]."""
        return self._encode(known, step, answers)

    def _encode(
        self,
        entities: Int[np.ndarray, " text"],
        step: Int[np.ndarray, " text"] | None,
        answers: Int[np.ndarray, " text"] | None = None,
    ) -> Encoding:
        first, last, filler = self.marks
        asked = [[]] * len(entities) if step is None else [[*self.steps[s], last] for s in step.tolist()]
        firsts = [[first, *cut, last, *more] for cut, more in zip(self._list_pieces(entities), asked, strict=True)]
        others = [[]] * len(firsts) if answers is None else [[*cut, last] for cut in self._list_pieces(answers)]
        rows = [one + other for one, other in zip(firsts, others, strict=True)]
        longest = max(map(len, rows))
        pieces = torch.tensor([row + [filler] * (longest - len(row)) for row in rows])  # [text, token]
        ends, counts = (torch.tensor([len(row) for row in each])[:, None] for each in (firsts, rows))
        at = torch.arange(longest)  # [token]
        is_token = at < counts
        segments = None if answers is None else (is_token & (at >= ends)).long()
        nothing = torch.full_like(pieces, -1)
        return Encoding(pieces, is_token, nothing, torch.zeros_like(is_token), ((),) * len(rows), segments)

    def _list_pieces(self, entities: Int[np.ndarray, " text"]) -> list[list[int]]:
        cut = zip(self.pieces[entities].tolist(), self.lengths[entities].tolist(), strict=True)
        return [pieces[:length] for pieces, length in cut]


def cut_entity_texts(bert: Bert, graph: KnowledgeGraph, *, longest: int, together: int = 1) -> EntityTexts:
    """Cut every entity and relation of a graph into word pieces.

    Args:
        bert: whose tokenizer cuts.
        graph: whose labels and descriptions are read.
        longest: the most pieces of an entity; what is longer is cut at the end, and the log counts it.
        together: how many entities have to find room in one text: 2 for a query with its answer.

    Raises:
        ValueError: the graph has no labels that could be read, or a relation leaves no room for an entity.
    """
    texts = _list_texts(graph)
    relations = [describe_relation(label) or str(label) for label in graph.relation_labels]
    cut_steps = cut_names(bert, [*relations, *(INVERSE + relation for relation in relations)])
    marks_within = 2 + together  # one before, one after each entity and the relation
    room = (bert.longest - marks_within - max(map(len, cut_steps), default=0)) // together
    if room < 1:
        worst = max(relations, key=len)
        raise ValueError(
            f"The relation {shorten(worst, 60)!r} fills all {bert.longest} positions of {bert.name!r}. Give it a shorter "
            "label: KnowledgeGraph.from_pandas(facts, entities, relations=table)."
        )
    kept = min(longest, room)
    rows = cut_names(bert, texts, after_blank=False) if texts else []
    cut = sum(len(row) > kept for row in rows)
    if cut:
        _log.info("%s of %s: cut to the first %d word pieces", f"{cut:,}", count_things(len(rows), "text"), kept)
    pieces = np.zeros((len(rows), kept), dtype=np.int32)  # [entity, piece]
    for row, its in zip(pieces, rows, strict=True):
        row[: len(its)] = its[:kept]
    tokenizer = bert.tokenizer
    marks = (int(tokenizer.cls_token_id), int(tokenizer.sep_token_id), int(tokenizer.pad_token_id or 0))
    lengths = np.minimum([len(row) for row in rows], kept).astype(np.int64)
    return EntityTexts(pieces, lengths, tuple(map(tuple, cut_steps)), marks, cut)


def pool_texts(bert: Bert, encoding: Encoding) -> Float[Tensor, "text width"]:
    """Each text as a vector of length one: the mean of its word pieces in the last layer, marks included.

    Texts of like length are read together, so that little is padded; a text's vector does not depend on the others.
    """
    return sweep_texts(bert, encoding, _pool)


def sweep_texts(bert: Bert, encoding: Encoding, read: Callable[[Bert, Encoding], Tensor]) -> Tensor:
    """What is read of each text, in the order of the texts, blocks of like length at a time.

    Equal texts are read once: in two rows of a block they need not come out the same to the last bit, and then do not tie.
    """
    rows, place = _find_distinct(encoding)
    lengths = encoding.is_token.sum(1)[rows]
    order = lengths.argsort(stable=True)
    found = [read(bert, encoding.select(some).to(bert.device)) for some in _cut_blocks(lengths[order], rows[order])]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    return torch.cat(found)[back[place].to(bert.device)]


def _find_distinct(encoding: Encoding) -> tuple[Int[Tensor, " distinct"], Int[Tensor, " text"]]:
    """The rows of distinct texts, and where among them each text stands."""
    parts = [encoding.pieces, encoding.is_token, *([] if encoding.segments is None else [encoding.segments])]
    keys = [row.tobytes() for row in torch.cat([part.long() for part in parts], dim=1).cpu().numpy()]
    places: dict[bytes, int] = {}
    place = [places.setdefault(key, len(places)) for key in keys]
    first = {where: row for row, where in reversed(list(enumerate(place)))}
    return torch.tensor([first[where] for where in range(len(places))]), torch.tensor(place)


def _cut_blocks(lengths: Int[Tensor, " text"], order: Int[Tensor, " text"]) -> list[list[int]]:
    """Rows in blocks of at most so many pieces, padding included; lengths ascend."""
    blocks: list[list[int]] = [[]]
    for length, row in zip(lengths.tolist(), order.tolist(), strict=True):
        if blocks[-1] and (len(blocks[-1]) + 1) * length > PIECES_AT_ONCE:
            blocks.append([])
        blocks[-1].append(row)
    return blocks


def _pool(bert: Bert, encoding: Encoding) -> Float[Tensor, "text width"]:
    hidden = widen_numbers(bert(encoding).last_hidden_state)  # [text, token, width]
    weight = encoding.is_token[..., None].to(hidden)
    return normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)


def find_facts(source: Split | KnowledgeGraph, call: str) -> tuple[KnowledgeGraph, Int[np.ndarray, "triple 3"]]:
    """A graph and what may be learnt from: a split's train triples, or all of a graph's.

    Args:
        source: a split or a graph.
        call: what to type, with {} in its place.

    Raises:
        TypeError: it is neither.
    """
    expect_kind(source, (Split, KnowledgeGraph), "A split or a graph", call=call.format("split"))
    return (source.graph, source.train) if isinstance(source, Split) else (source, source.triples)


def _list_texts(graph: KnowledgeGraph) -> list[str]:
    descriptions: Sequence[str] = [text or "" for text in graph.entities["description"]]
    texts = [describe_entity(*parts) for parts in zip(graph.labels, descriptions, strict=True)]
    names = graph.entities["entity"].tolist()
    unlabelled = not any(descriptions) and names == list(graph.labels)
    wordless = [text for text in texts if not _WORD.search(text)]
    empty = [name for name, text in zip(names, texts, strict=True) if not text]
    if (unlabelled and 2 * len(wordless) > len(texts)) or empty:
        shown = ", ".join(repr(shorten(str(name))) for name in (empty or wordless)[:3])
        raise ValueError(
            f"{graph.name!r} has entities without a label that could be read ({shown}). Give them labels and descriptions: "
            'KnowledgeGraph.from_pandas(facts, entities), a table with the columns "entity", "label" and "description".'
        )
    return texts
