"""Every two names of a sentence with the relation that it states between them: what a reader of relations is tuned on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pandas as pd

from kgwb.checks import expect_each, expect_flags, expect_text
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.learn.construction.pair_readings import mean_two_things, spell_names_out
from kgwb.learn.construction.recognised_names import NIL, name_mention

_COLUMNS = ["text", "head", "tail", "label", "head_entity", "tail_entity"]
_CALL = "kgwb.learn.pair_names(kgwb.verbalise(graph), graph)"


def pair_names(
    sentences: Sequence[Sentence], graph: KnowledgeGraph, *, typed: bool = False, none: str = "none"
) -> pd.DataFrame:
    """Every two names of a sentence, both ways round, with the relation that the sentence states between them.

    The frame is one for `RelationClasses`, and a model that was tuned on it reads for `propose_facts`, with the same `typed`
    and `none`. A sentence states its triple from head to tail; the other way round it states what the graph holds there of
    the same relation, else nothing.

    Args:
        sentences: with their mentions; what carries no triple states nothing between its names.
        graph: whose relations they state.
        typed: whether each name is read as its type, "city is the capital of country." (Zhou & Chen, 2022, "An improved
            baseline for sentence-level relation extraction").
        none: the label of two names without a relation.

    Returns:
        A row for each ordered pair of names of different entities: `text`, `head` and `tail` as (start, end) in characters,
        `label`, and the entities meant, `head_entity` and `tail_entity`.

    Raises:
        IndexError: a mention's entity, or a relation, is none of the graph's.

    Example:
        >>> from kgwb.graph import Mention
        >>> facts = pd.DataFrame([["Rome", "capital of", "Italy"]], columns=["head", "relation", "tail"])
        >>> entities = pd.DataFrame({"entity": ["Rome", "Italy"], "type": ["city", "country"]})
        >>> graph = KnowledgeGraph.from_pandas(facts, entities)
        >>> sentence = Sentence("Rome rules Italy.", (Mention(0, 4, 1), Mention(11, 16, 0)), (1, 0, 0))
        >>> pair_names([sentence], graph, typed=True)[["text", "head", "tail", "label"]].values.tolist()
        [['city rules country.', (0, 4), (11, 18), 'capital of'], ['city rules country.', (11, 18), (0, 4), 'none']]
    """
    given = expect_each(sentences, Sentence, "A sentence", call=_CALL)
    expect_graph(graph, "kgwb.learn.pair_names(sentences, {})")
    expect_flags(typed=typed)
    expect_text("none", none, usual="none")
    held, types = set(map(tuple, graph.triples.tolist())), graph.entities["type"].tolist()
    rows = [row for sentence in given for row in _list_pairs(sentence, graph, held, types, bool(typed), none)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _list_pairs(
    sentence: Sentence,
    graph: KnowledgeGraph,
    held: set[tuple[Any, ...]],
    types: Sequence[str],
    typed: bool,
    none: str,
) -> Iterator[tuple[Any, ...]]:
    _expect_ids(sentence, graph)
    mentions = sorted(sentence.mentions, key=lambda each: each.start)
    names = [name_mention(sentence.text, mention, types) for mention in mentions]
    text, places = spell_names_out(sentence.text, names, typed=typed)
    triple = sentence.triple
    for head, tail in permutations(names, 2):
        if not mean_two_things(head, tail):
            continue
        label = none
        if triple is not None:
            ends = (head.entity, tail.entity)
            turned = ends == triple[::-2] and (ends[0], triple[1], ends[1]) in held
            label = graph.relation_labels[triple[1]] if ends == triple[::2] or turned else none
        yield (text, places[head], places[tail], label, head.entity, tail.entity)


def _expect_ids(sentence: Sentence, graph: KnowledgeGraph) -> None:
    """Ids that the graph has; a mention may name what it lacks (NIL)."""
    relations = [] if sentence.triple is None else [sentence.triple[1]]
    entities = [mention.entity for mention in sentence.mentions if mention.entity != NIL]
    for kind, ids, count in (("entity", entities, len(graph.labels)), ("relation", relations, len(graph.relations))):
        for came in ids:
            if not 0 <= came < count:
                raise IndexError(
                    f"The sentence {sentence.text!r} has {kind} {came}, and {graph.name!r} has ids 0 to {count - 1}. Read it "
                    "with this graph: kgwb.read_sentences(path, graph)."
                )
