"""Which entity of a graph a name in a text means, or that it means none of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Encoding, encode_sentences, find_mentions
from kgwb.bert.evidence import describe_entities, find_other_words, weigh_coherence, weigh_renown
from kgwb.bert.linking import list_choices
from kgwb.bert.mentions import find_candidates, index_names
from kgwb.bert.task_head import Label
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.descriptions import is_missing
from kgwb.graph.errors import UnknownNameError
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.learn.completion.entity_texts import pool_texts
from kgwb.learn.frames.choosing_task import ChoosingTask
from kgwb.learn.frames.columns import read_span, read_texts
from kgwb.learn.frames.states import read_stretches
from kgwb.learn.frames.texts import Examples, Span, find_pieces, fit_texts
from kgwb.words import count_things, mend_text, quote_value

log = logging.getLogger(__name__)
PIECES_READ = 64  # of what the graph says of an entity


@dataclass(frozen=True, eq=False)
class LinkExamples(Examples):
    """Names in texts with the entities that each may mean; the last unit of each text stands for none of them.

    Attributes:
        entities: of each text, its candidates.
        evidence: of each text, renown, coherence, whether it is another word, and 1 for "none of them", [unit, 4].
        described: what the graph says of each candidate of any text.
        places: the row of each candidate in `described`.
    """

    entities: tuple[tuple[int, ...], ...]
    evidence: tuple[Tensor, ...]
    described: Encoding | None
    places: Mapping[int, int]


@dataclass(frozen=True, eq=False, repr=False)
class EntityLinks(ChoosingTask):
    """Say which entity of a graph a span of text means, or None where it means none of them (NIL).

    Candidates are the entities that the graph calls so, by label or alias (`find_mentions` says how names are compared).

        P(e) = softmax over candidates and NIL of w₁ cos(s, d) + w₂ cos(m, d) + w₃ renown + w₄ coherence + w₅ [another word]

    with the mean hidden states s of the span, m of all of the text, and d of what the graph says of e: its label, description
    (else type) and rarest neighbours. Renown, coherence with the text's other names, and whether the name is written as
    another word are those of `link_mentions`, which weighs such evidence by numbers that were chosen once. NIL has a number of
    its own, w₆. The six weights start at the logistic regression before tuning; tuning then draws texts and descriptions
    together, by one BERT that reads both (after Wu et al., 2020, "Scalable zero-shot entity linking with dense entity
    retrieval"). Predictions have a column `candidates`, most probable first. The graph is saved with the head.

    Of a text that is too long what stands around the span is read, which the log says; of a description the first 64 word
    pieces. A row whose entity is not among its candidates cannot be answered: it is not learnt from, and counted in the log.

    Args:
        frame: a text, a span and the entity meant in each row. A text may be a `kgwb.graph.Sentence`, whose mentions beside
            the span are the text's other names; in other texts these are found.
        graph: whose entities may be meant.
        text: the column of texts.
        span: the column of spans, each as (start, end) in characters.
        entity: the column of entities, by id, name or label, None for NIL; it may be missing until the task is tuned on.
        name: of the head in `model.heads`.

    Raises:
        TypeError: for what is no data frame, or no graph.
        ValueError: for a frame without rows or the columns.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import predict
        >>> facts = [["springfield_il", "in", "Illinois"], ["springfield_ma", "in", "Massachusetts"]]
        >>> names = pd.DataFrame({"entity": ["springfield_il", "springfield_ma"], "label": "Springfield"})
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), names)
        >>> rows = [("Springfield in Illinois.", "springfield_il"), ("Massachusetts has a Springfield.", "springfield_ma")]
        >>> frame = pd.DataFrame(rows, columns=["text", "entity"]).assign(span=[(0, 11), (20, 31)])
        >>> bert = load_bert()
        >>> _ = EntityLinks(frame, graph).prepare(bert)
        >>> predict(bert, frame)["given"].tolist()
        ['springfield_il', 'springfield_ma']
    """

    kind: ClassVar[str] = "entity links"
    inputs: ClassVar[tuple[str, ...]] = ("text", "span")
    answers: ClassVar[str] = "entity"
    stretches: ClassVar[int] = 2
    arguments: ClassVar[str] = "frame, graph"

    frame: pd.DataFrame
    graph: KnowledgeGraph
    text: str = "text"
    span: str = "span"
    entity: str = "entity"
    _: KW_ONLY
    name: str = "entity_links"

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_graph(self.graph, "kgwb.learn.EntityLinks(frame, {})")

    @classmethod
    def measure_width(cls, bert: Bert) -> int:
        """Two cosines, three kinds of evidence, and one for NIL."""
        return 6

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> LinkExamples:
        """A text for each row, with a unit for each candidate and one for NIL."""
        graph: KnowledgeGraph = settings["graph"]
        texts, column = read_texts(frame, settings["text"]), settings["span"]
        plain = [text.text if isinstance(text, Sentence) else text for text in texts]
        spans = [
            [read_span(value, text, row, column)]
            for row, (value, text) in enumerate(zip(frame[column], plain, strict=True))
        ]
        fitting, placed = fit_texts(bert, texts, spans)
        where = [span for (span,) in placed]
        others = _find_others(bert, graph, texts, fitting, where)
        # A mention at the span itself would give the answer away.
        sentences = [
            Sentence(each.text, tuple(beside) if isinstance(text, Sentence) else ())
            for text, each, beside in zip(texts, fitting, others, strict=True)
        ]
        entities, evidence = _weigh_candidates(graph, sentences, where, others)
        encoding = encode_sentences(bert, sentences)
        pieces = find_pieces(bert, [each.text for each in sentences], placed)
        ends = encoding.is_token.sum(1).tolist()
        units = tuple(
            ((*found, (0, end)),) * len(rows) for found, end, rows in zip(pieces, ends, evidence, strict=True)
        )
        distinct = sorted(set(chain.from_iterable(entities)))
        names = graph.entities["entity"]
        return LinkExamples(
            encoding,
            units,
            tuple(range(len(sentences))),
            (0,) * len(sentences),
            offered=tuple((*(names[entity] for entity in each), None) for each in entities),
            entities=entities,
            evidence=evidence,
            described=_encode_descriptions(bert, graph, distinct) if distinct else None,
            places={entity: place for place, entity in enumerate(distinct)},
        )

    @classmethod
    def look(cls, bert: Bert, examples: Examples, rows: Sequence[int]) -> Float[Tensor, "unit 6"]:
        """The cosines of span and text with what the graph says of each candidate, and the evidence."""
        assert isinstance(examples, LinkExamples)
        read = normalize(read_stretches(bert, examples, rows), dim=-1).unflatten(0, (-1, 2))  # [unit, stretch, dim]
        evidence = torch.cat([examples.evidence[row] for row in rows]).to(read)
        is_entity = evidence[:, -1] == 0
        cosines = read.new_zeros(len(read), 2)
        entities = torch.tensor([examples.places[entity] for row in rows for entity in examples.entities[row]])
        if examples.described is not None and len(entities):
            distinct, place = entities.unique(return_inverse=True)
            told = pool_texts(bert, examples.described.select(distinct.tolist()))  # [entity, dim]
            near = (read[is_entity] * told[place.to(told.device)][:, None]).sum(-1)  # [candidate, stretch]
            cosines = cosines.index_put((is_entity.nonzero()[:, 0],), near)
        return torch.cat([cosines, evidence], dim=1)

    @classmethod
    def read_answers(cls, frame: pd.DataFrame, settings: Mapping[str, Any]) -> list[Any]:
        """The name in the graph of the entity that each row means; None for NIL."""
        graph, column = settings["graph"], settings["entity"]
        return [_read_entity(graph, value, row, column) for row, value in enumerate(frame[column].tolist())]

    @classmethod
    def encode(cls, labels: Sequence[Label], right: Sequence[Any], examples: Examples) -> list[Tensor]:
        """The row of each candidate, and whether it is right; the log counts rows without a right one."""
        missed = [row for row, offered in enumerate(examples.offered) if right[row] not in offered]
        if missed:
            log.warning(
                "%s of %d whose entity the graph does not call so are not learnt from (the first is row %d, %r). Give it the "
                "name as an alias.",
                count_things(len(missed), "row"),
                len(right),
                missed[0],
                right[missed[0]],
            )
        return super().encode(labels, right, examples)

    @classmethod
    def explain(cls, bert: Bert, examples: Examples, logits: Sequence[Tensor], given: Sequence[Any]) -> dict[str, Any]:
        """The candidates of each row, most probable first."""
        ranked = [scores[:, 0].argsort(descending=True, stable=True).tolist() for scores in logits]
        return {
            "candidates": [
                [offered[place] for place in order if offered[place] is not None]
                for order, offered in zip(ranked, examples.offered, strict=True)
            ]
        }


def _read_entity(graph: KnowledgeGraph, value: Any, row: int, column: str) -> str | None:
    if is_missing(value):
        return None
    names, why = graph.entities["entity"], ""
    if isinstance(value, (str, int, np.integer)) and not isinstance(value, bool):
        try:
            entity = graph.entity_id(value)
            alike = int((graph.entities["label"] == value).sum())
            if names[entity] == value or alike < 2:
                return str(names[entity])
            why = f" {alike} entities have this label; the first is {names[entity]!r}."
        except UnknownNameError as error:
            why = f" {error}"
    raise ValueError(
        f"Row {row} means {quote_value(value)} in the column {column!r}. Expected the name or label of an entity of "
        f"{graph.name!r}, or None for what it lacks.{why}"
    )


def _find_others(
    bert: Bert,
    graph: KnowledgeGraph,
    texts: Sequence[str | Sentence],
    fitting: Sequence[Sentence],
    spans: Sequence[Span],
) -> list[list[Mention]]:
    """The other names of each text: those that it brings, or those that are found."""
    found = find_mentions([each.text for each in fitting], graph, bert.tokenizer)
    known = [
        each.mentions if isinstance(text, Sentence) else beside
        for text, each, beside in zip(texts, fitting, found, strict=True)
    ]
    return [
        [mention for mention in mentions if mention.end <= start or mention.start >= end]
        for mentions, (start, end) in zip(known, spans, strict=True)
    ]


def _weigh_candidates(
    graph: KnowledgeGraph, sentences: Sequence[Sentence], spans: Sequence[Span], others: Sequence[Sequence[Mention]]
) -> tuple[tuple[tuple[int, ...], ...], tuple[Tensor, ...]]:
    """The entities that each span may mean, and what speaks for each of them and for none."""
    names, asked = index_names(graph), []
    for sentence, (start, end) in zip(sentences, spans, strict=True):
        candidates = find_candidates(sentence.text[start:end], names)
        asked.append([Mention(start, end, candidates[0], candidates=candidates)] if candidates else [])
    mentions = [[*one, *beside] if one else [] for one, beside in zip(asked, others, strict=True)]
    choices = list_choices(mentions)
    texts = [sentence.text for sentence in sentences]
    spelt = [text[each.start : each.end] for text, found in zip(texts, mentions, strict=True) for each in found]
    other = find_other_words(graph, choices, texts, mentions)
    coherence = np.zeros(len(other))
    coherence[~other] = np.nan_to_num(weigh_coherence(graph, choices.select(~other)))
    seen = np.stack([weigh_renown(graph, choices, spelt), coherence, other, np.zeros(len(other))], axis=1)
    first = np.cumsum([0, *map(len, mentions)])[choices.sentence]  # the span's own mention stands first in its text
    is_asked = choices.mention == first
    counts = [len(one[0].candidates) if one else 0 for one in asked]
    parts = torch.from_numpy(seen[is_asked]).float().split(counts)
    none = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    return (
        tuple(one[0].candidates if one else () for one in asked),
        tuple(torch.cat([part, none]) for part in parts),
    )


def _encode_descriptions(bert: Bert, graph: KnowledgeGraph, entities: Sequence[int]) -> Encoding:
    """What the graph says of entities, as far as it is read."""
    most = min(PIECES_READ, bert.longest - bert.tokenizer.num_special_tokens_to_add())
    lines = [mend_text(line) for line in describe_entities(graph, np.asarray(entities))]
    cut = bert.tokenizer(lines, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    kept = [
        line if len(offsets) <= most else line[: offsets[most - 1][1]]
        for line, offsets in zip(lines, cut["offset_mapping"], strict=True)
    ]
    return encode_sentences(bert, kept)
