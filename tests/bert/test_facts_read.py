"""A door says which facts it reads for a sentence: with all others gone it reads the same, to the bit."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.learn import Question, Questions, attribute_answer

# Two facts of one pair, one each way, a loop, and facts of which the sentence names one end or none.
FACTS = [
    ("Ada", "knows", "Bo"),
    ("Ada", "likes", "Bo"),
    ("Bo", "knows", "Ada"),
    ("Ada", "knows", "Ada"),
    ("Bo", "likes", "Cy"),
    ("Cy", "knows", "Di"),
    ("Di", "likes", "Ed"),
]
MODES = {
    "relation": {},
    "relation, bias": {"how": "bias"},
    "relation, visible": {"how": "visible"},
    "graph, one fact": {"most": 1},
    "tower": {"hops": 2},
    "memory, two hops, three facts": {"hops": 2, "most": 3},
    "memory, all": {"reach": "all"},
}
Gates = Callable[[Bert, float], Bert]


@pytest.fixture(scope="module")
def friends() -> kgwb.GraphEmbedding:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), name="friends")
    return kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)


def mark(graph: KnowledgeGraph, text: str) -> list[Mention]:
    return [Mention(at, at + 2, graph.entity_id(n)) for n in ("Bo", "Cy", "Ed") if (at := text.find(n)) >= 0] + [
        Mention(at, at + 3, graph.entity_id("Ada")) for at in [text.find("Ada")] if at >= 0
    ]


@pytest.mark.parametrize("control", [None, "random"])
@pytest.mark.parametrize("name", MODES)
def test_facts_that_are_not_listed_change_nothing(
    bert: Bert, friends: kgwb.GraphEmbedding, set_gates: Gates, name: str, control: str | None
) -> None:
    graph, texts = friends.graph, ["Ada met Bo and Cy.", "Ed met Ada."]
    model = set_gates(kgwb.inject(bert, friends, mode=name.split(",")[0], control=control, **MODES[name]), 0.9)
    mentions = [mark(graph, text) for text in texts]
    (door,) = model.injector.doors
    for text, found in zip(texts, mentions, strict=True):
        encoding = encode_sentences(model, [text], mentions=[found])
        nearby, facts = door.look_up(encoding), door.facts.tolist()
        listed = {row for row in nearby.facts[0].tolist() if row >= 0}
        others = [fact for row, fact in enumerate(facts) if row not in listed]
        before = model(encoding).last_hidden_state
        with model.injector.without_facts(others):
            assert torch.equal(model(encoding).last_hidden_state, before)
            again = door.look_up(encoding)
            assert len({row for row in again.facts[0].tolist() if row >= 0}) == len(listed)
            assert int(again.left_out[0]) == 0


def test_what_a_relation_door_reads_is_brute_force(bert: Bert, friends: kgwb.GraphEmbedding) -> None:
    """The first fact from each of two entities to the other; the rest of what links them is counted."""
    graph, text = friends.graph, "Ada met Bo and Cy."
    (door,) = kgwb.inject(bert, friends, mode="relation").injector.doors
    nearby = door.look_up(encode_sentences(bert, [text], mentions=[mark(graph, text)]))
    facts, named = graph.triples.tolist(), {graph.entity_id(name) for name in ("Ada", "Bo", "Cy")}
    link = [(h, t) for h, _, t in facts if h != t and {h, t} <= named]
    read = set()
    for one, two in {(a, b) for a in named for b in named if a != b}:
        forth = [row for row, (h, _, t) in enumerate(facts) if (h, t) == (one, two)]
        back = [row for row, (h, _, t) in enumerate(facts) if (t, h) == (one, two)]
        read |= set((forth + back)[:1])
    assert set(nearby.facts[0].tolist()) - {-1} == read and len(read) == 3
    assert int(nearby.left_out[0]) == len(link) - len(read) == 1


@pytest.mark.parametrize("how", ["keys and values", "bias", "visible"])
def test_what_an_answer_owes_to_a_relation_door_is_attributed(
    bert: Bert, friends: kgwb.GraphEmbedding, set_gates: Gates, how: str
) -> None:
    graph = friends.graph
    model = set_gates(kgwb.inject(bert, friends, mode="relation", how=how), 0.9)
    text = "Bo or Cy? Ada knows [MASK]."
    bo, cy = (graph.entity_id(name) for name in ("Bo", "Cy"))
    knows, ada = graph.relation_id("knows"), graph.entity_id("Ada")
    question = Question(text, tuple(mark(graph, text)), ada, knows, bo, (bo, cy), ("Bo", "Cy"))
    report = attribute_answer(model, Questions(graph, (question,)))
    tried = report.frame.query("kind == 'fact'")
    assert set(tried["what"]) == {"Ada | knows | Bo", "Bo | knows | Ada", "Bo | likes | Cy"}
    assert (report.facts, report.left_out) == (3, 1)
    assert (tried["change"].abs() > 0).any()
    assert "1 more fact did not fit" in repr(report)
