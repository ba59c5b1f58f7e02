"""Asking by hand: places, known facts and reasons equal what brute force over all facts gives."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgwb
from kgwb.graph import KnowledgeGraph, find_rules
from kgwb.see import RankingPanel
from kgwb.see.workbench.ranking import NOTHING, RankedQueries
from kgwb.see.workbench.reasons import find_reasons

triples = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 3)), min_size=4, max_size=16, unique=True
)


def make_graph(facts: list[tuple[int, int, int]]) -> KnowledgeGraph:
    named = [(f"e{head}", f"r{relation}", f"e{tail}") for head, relation, tail in facts]
    return KnowledgeGraph.from_pandas(pd.DataFrame(named, columns=["head", "relation", "tail"]))


def holds(
    facts: set[tuple[int, int, int]], step: int, start: int, end: int, relations: int, but: tuple[int, int, int]
) -> bool:
    fact = (start, step, end) if step < relations else (end, step - relations, start)
    return fact in facts and fact != but


@given(triples)
@settings(max_examples=15, deadline=None)
def test_a_rule_speaks_where_some_way_along_its_body_does(facts: list[tuple[int, int, int]]) -> None:
    graph = make_graph(facts)
    rules = find_rules(graph, min_support=1, min_confidence=0.0, min_pca_confidence=0.0, min_head_coverage=0.0)
    known, entities, relations = (
        set(map(tuple, graph.triples.tolist())),
        range(len(graph.entities)),
        len(graph.relations),
    )
    asked = list(product(entities, range(relations), entities))
    for triple, reasons in zip(asked, find_reasons(rules, graph.triples, asked), strict=True):
        head, relation, tail = triple
        speaking = []
        for row in rules.frame.itertuples():
            if row.implied != relation:
                continue
            if row.constant >= 0:
                speaks = row.constant == tail and any(
                    holds(known, row.path[0], head, z, relations, triple) for z in entities
                )
            elif len(row.path) == 1:
                speaks = holds(known, row.path[0], head, tail, relations, triple)
            else:
                first, second = row.path
                speaks = any(
                    holds(known, first, head, z, relations, triple) and holds(known, second, z, tail, relations, triple)
                    for z in entities
                )
            speaking += [row.rule] if speaks else []
        assert [reason.rule for reason in reasons] == speaking[:3]


@pytest.fixture(scope="module")
def vectors() -> kgwb.GraphEmbedding:
    rows = [(f"person {i}", "lives in", f"town {i % 3}") for i in range(9)]
    rows += [(f"person {i}", "speaks", f"tongue {i % 3}") for i in range(8)] + [
        (f"town {i}", "language", f"tongue {i}") for i in range(3)
    ]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="towns")
    made = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=16)
    for _ in kgwb.train_embedding(made, graph, epochs=20):
        pass
    return made


@pytest.mark.parametrize("side", ["head", "tail"])
def test_places_and_known_facts_are_those_of_all_scores(side: str, vectors: kgwb.GraphEmbedding) -> None:
    graph = vectors.graph
    known, relation = graph.entity_id("person 4" if side == "tail" else "tongue 1"), graph.relation_id("speaks")
    given_part = {"head": known} if side == "tail" else {"tail": known}
    found = RankedQueries(vectors).rank(relation="speaks", **given_part, k=len(graph.entities))  # type: ignore[arg-type]
    triple = [[known, relation, 0]] if side == "tail" else [[0, relation, known]]
    scores = (vectors.score_tails(triple) if side == "tail" else vectors.score_heads(triple))[0].detach().numpy()
    assert found["score"].to_numpy() == pytest.approx(np.sort(scores)[::-1])
    facts = set(map(tuple, graph.triples.tolist()))
    for entity, row in found.iterrows():
        fact = (known, relation, entity) if side == "tail" else (entity, relation, known)
        assert row["known"] == (fact in facts)
    new = found[~found["known"].astype(bool)]
    assert list(new["new place"]) == list(range(1, len(new) + 1)) and set(
        found[found["known"].astype(bool)]["new place"]
    ) <= {0}


def test_the_rule_that_made_the_facts_speaks_for_the_missing_one(vectors: kgwb.GraphEmbedding) -> None:
    found = RankedQueries(vectors).rank(head="person 8", relation="speaks", k=15).set_index("label")
    assert "person 8 lives in town 2; town 2 language tongue 2" in found.loc["tongue 2", "reasons"]
    assert found.loc["town 0", "reasons"] == NOTHING


def test_a_press_asks_and_an_unknown_name_is_told(vectors: kgwb.GraphEmbedding) -> None:
    panel = RankingPanel(vectors)
    assert "nothing was asked yet" in panel.picture
    panel._rank.button.click()
    assert panel.message == "" and len(panel.frame) == 10 and "→ ?" in panel.title
    panel.form.value, panel.entity.value = panel.form.options[1][1], "tongue 2"
    panel.relation.value = vectors.graph.relation_id("speaks")
    panel._rank.button.click()
    assert panel.title == "? — speaks → tongue 2" and panel.frame["label"].iloc[0].startswith("person")
    assert "candidates of 15" in panel.caption and "<table" in panel.fragment().html
    panel.entity.value = "tonge 2"
    panel._rank.button.click()
    assert "Unknown entity 'tonge 2'. The nearest labels are 'tongue 2'" in panel.message
    panel.entity.value = " "
    panel._rank.button.click()
    assert panel.message.startswith("Nothing is known yet. Type an entity, for example")
    panel.entity.value, panel.count.value = "tongue 2", 0
    panel._rank.button.click()
    assert panel.message == "k=0 came. It must be at least 1; type k=1."


def test_its_python_gives_the_same_candidates(vectors: kgwb.GraphEmbedding) -> None:
    panel = RankingPanel(vectors)
    panel.ask(head="person 1", relation="speaks")
    assert "vectors.predict(head=&#x27;person 1&#x27;, relation=&#x27;speaks&#x27;, k=10)" in panel._code.value
    assert list(vectors.predict(head="person 1", relation="speaks", k=10)["label"]) == list(panel.frame["label"])


@pytest.mark.parametrize(
    ("given_part", "came"), [({}, "Neither head nor tail"), ({"head": 0, "tail": 1}, "Both head and tail")]
)
def test_one_of_head_and_tail_is_asked_for(given_part: dict[str, int], came: str, vectors: kgwb.GraphEmbedding) -> None:
    with pytest.raises(ValueError, match=f"{came} came, and one of them is asked for. Type rank") as caught:
        RankedQueries(vectors).rank(relation="speaks", **given_part)  # type: ignore[arg-type]
    typed = str(caught.value).rpartition(" Type ")[2].rstrip(".")  # names of this graph, so that it works
    assert len(eval(typed, {"rank": RankedQueries(vectors).rank}))


def test_only_facts_of_train_speak() -> None:
    graph = make_graph([(i, 0, (i + 1) % 5) for i in range(5)] + [(i, 1, (i + 1) % 5) for i in range(5)])
    split = kgwb.graph.Split(graph, graph.triples[:-1], graph.triples[:0], graph.triples[-1:])
    head, relation, tail = map(int, graph.triples[-1])
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)
    for used, is_heard in ((split, False), (None, True)):
        found = RankedQueries(vectors, used).rank(head=head, relation=1 - relation, k=5)
        assert (found.loc[tail, "reasons"] != NOTHING) == is_heard
