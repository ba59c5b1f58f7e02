"""Pairs of names with the relation that a sentence states between them: direction, types, and what is no relation."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn import RelationClasses, pair_names, propose_facts

FACTS = [
    ("Iraq", "pays in", "dinar"),
    ("Georgia", "pays in", "lari"),
    ("Kuwait", "borders", "Iraq"),
    ("Iraq", "borders", "Kuwait"),
]


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    names = sorted({name for head, _, tail in FACTS for name in (head, tail)})
    kinds = ["currency" if name.islower() else "old_country" for name in names]
    entities = pd.DataFrame({"entity": names, "type": kinds})
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


def say(graph: KnowledgeGraph, text: str, *names: str, fact: tuple[str, str, str] | None = None) -> Sentence:
    """A sentence that names these, each where it first stands."""
    mentions = tuple(Mention(text.index(name), text.index(name) + len(name), graph.entity_id(name)) for name in names)
    ids = fact and (graph.entity_id(fact[0]), graph.relation_id(fact[1]), graph.entity_id(fact[2]))
    return Sentence(text, mentions, ids)


def tell(pairs: pd.DataFrame) -> list[tuple[str, str, str]]:
    return [(row.text[slice(*row.head)], row.label, row.text[slice(*row.tail)]) for row in pairs.itertuples()]


def test_pairs_are_labelled_by_direction(graph: KnowledgeGraph) -> None:
    paid = say(graph, "Iraq pays in dinar.", "Iraq", "dinar", fact=FACTS[0])
    assert tell(pair_names([paid], graph)) == [("Iraq", "pays in", "dinar"), ("dinar", "none", "Iraq")]
    beside = say(graph, "Kuwait lies by Iraq.", "Kuwait", "Iraq", fact=FACTS[2])
    both = tell(pair_names([beside], graph))
    assert both == [("Kuwait", "borders", "Iraq"), ("Iraq", "borders", "Kuwait")], "the graph holds it both ways"
    silent = say(graph, "Iraq and Kuwait.", "Iraq", "Kuwait")
    assert set(pair_names([silent], graph)["label"]) == {"none"}


def test_a_sentence_states_its_fact_where_the_graph_lacks_it(graph: KnowledgeGraph) -> None:
    paid = say(graph, "Iraq pays in dinar.", "Iraq", "dinar", fact=FACTS[0])
    lacking = KnowledgeGraph(graph.triples[1:], graph.entities, graph.relations, graph.name)
    assert pair_names([paid], lacking)["label"].tolist() == pair_names([paid], graph)["label"].tolist()


def test_all_names_are_read_as_types_as_when_facts_are_proposed(graph: KnowledgeGraph) -> None:
    text = "In Iraq, unlike Georgia, people pay in dinar."
    sentence = say(graph, text, "Iraq", "Georgia", "dinar", fact=FACTS[0])
    pairs = pair_names([sentence], graph, typed=True)
    assert set(pairs["text"]) == {"In old country, unlike old country, people pay in currency."} and len(pairs) == 6
    model = kgwb.load_bert("minilm")
    RelationClasses(pairs).fit_head(model)
    [row] = propose_facts(model, [sentence], graph, typed=True, least=0.5).head(1).to_dict("records")
    read = kgwb.learn.predict(model, pairs)
    [own] = read.loc[(pairs["label"] == "pays in").to_numpy(), "probability"]
    assert row["relation_label"] == "pays in" and row["by_text"] == pytest.approx(own, abs=1e-5)


def test_two_names_of_one_entity_are_no_pair(graph: KnowledgeGraph) -> None:
    iraq = graph.entity_id("Iraq")
    twice = Sentence("Iraq is Iraq, not Iran.", (Mention(0, 4, iraq), Mention(8, 12, iraq), Mention(18, 22, -1)))
    assert tell(pair_names([twice], graph)) == [
        ("Iraq", "none", "Iran"),
        ("Iraq", "none", "Iran"),
        ("Iran", "none", "Iraq"),
        ("Iran", "none", "Iraq"),
    ]


def test_no_sentence_no_pair_and_the_columns_stay(graph: KnowledgeGraph) -> None:
    assert list(pair_names([], graph)) == ["text", "head", "tail", "label", "head_entity", "tail_entity"]
    assert pair_names([Sentence("Nobody is here.")], graph, none="nothing").empty


def test_the_label_of_no_relation_can_be_chosen(graph: KnowledgeGraph) -> None:
    silent = say(graph, "Iraq and Kuwait.", "Iraq", "Kuwait")
    assert set(pair_names([silent], graph, none="no relation")["label"]) == {"no relation"}


def test_sentences_of_another_graph_are_refused(graph: KnowledgeGraph) -> None:
    with pytest.raises(IndexError, match=r"has entity 99, and 'graph' has ids 0 to 4\. Read it with this graph"):
        pair_names([Sentence("Iraq.", (Mention(0, 4, 99),))], graph)
    with pytest.raises(IndexError, match=r"has relation 7, and 'graph' has ids 0 to 1"):
        pair_names([Sentence("Iraq.", (Mention(0, 4, 0),), (0, 7, 1))], graph)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True), st.booleans(), st.integers(0, 3))
def test_every_ordered_pair_stands_once_and_where_it_says(
    graph: KnowledgeGraph, entities: list[int], typed: bool, fact: int
) -> None:
    """Beside brute force: spans hold what they stand for, labels are the triple's or, turned, the graph's."""
    names = [graph.labels[entity] for entity in entities]
    triple = tuple(np.asarray(graph.triples)[fact].tolist())
    text = " and ".join(names)
    starts = np.cumsum([0, *(len(name) + 5 for name in names[:-1])]).tolist()
    mentions = [Mention(s, s + len(n), e) for s, n, e in zip(starts, names, entities, strict=True)]
    pairs = pair_names([Sentence(text, tuple(mentions), triple)], graph, typed=typed)
    kinds = graph.entities["type"].str.replace("_", " ").tolist()
    shown = kinds if typed else graph.labels
    wanted = []
    for head, tail in itertools.permutations(entities, 2):
        is_fact = {head, tail} == {triple[0], triple[2]} and (head, triple[1], tail) in set(
            map(tuple, graph.triples.tolist())
        )
        wanted.append((shown[head], graph.relation_labels[triple[1]] if is_fact else "none", shown[tail]))
    assert tell(pairs) == wanted
    assert list(zip(pairs["head_entity"], pairs["tail_entity"], strict=True)) == list(
        itertools.permutations(entities, 2)
    )
