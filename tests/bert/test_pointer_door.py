"""The pointer door: which fact a sentence asks for, whose it is, and when the graph does not say."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.bert.doors.pointer import PointerDoor
from kgwb.bert.doors.pointing import measure_nearest
from kgwb.bert.doors.said_relations import gather_said, join_said, match_texts

FACTS = [
    ("Ada", "capital", "Ket"),
    ("Ada", "currency", "Sol"),
    ("Bo", "capital", "Run"),
    ("Bo", "currency", "Tam"),
    ("Ada", "borders", "Bo"),
]


@pytest.fixture(scope="module")
def lands() -> kgwb.GraphEmbedding:
    types = {"Ada": "country", "Bo": "country", "Ket": "city", "Run": "city", "Sol": "money", "Tam": "money"}
    table = pd.DataFrame({"entity": list(types), "type": list(types.values())})
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), table)
    return kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)


@pytest.fixture(scope="module")
def pointing(bert: Bert, lands: kgwb.GraphEmbedding, set_gates) -> Bert:
    return set_gates(kgwb.inject(bert, lands, mode="pointer"), 0.5)


def find(model: Bert, *fact: str) -> tuple[int, int, int]:
    graph = model.injector.graph
    return graph.entity_id(fact[0]), graph.relation_id(fact[1]), graph.entity_id(fact[2])


def read_shares(model: Bert, text: str) -> tuple[dict[tuple[str, str, str], float], float]:
    """The share of each fact, in labels, and of "the graph does not say"."""
    [door], graph = model.injector.doors, model.injector.graph
    encoding = encode_sentences(model, [text], mentions=kgwb.find_mentions([text], graph, model.tokenizer))
    with torch.no_grad():
        _, trace = model.reach_mask(encoding)
    pointed = door.pointing_of(trace)
    [shares] = pointed.shares().tolist()
    rows = pointed.nearby.facts[0].tolist()
    triples = [tuple(door.facts[row].tolist()) for row in rows if row >= 0]
    found: dict[tuple[str, str, str], float] = {}
    for (head, relation, tail), share in zip(triples, shares, strict=False):
        fact = (graph.labels[head], graph.relation_labels[relation], graph.labels[tail])
        found[fact] = found.get(fact, 0.0) + share
    return found, shares[-1]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("The capital of Ada is [MASK].", ("Ada", "capital", "Ket")),
        ("The currency of Ada is [MASK].", ("Ada", "currency", "Sol")),
        ("The money of Bo is [MASK].", ("Bo", "currency", "Tam")),  # by the type of the other end
        ("Unlike Ada, the capital of Bo is [MASK].", ("Bo", "capital", "Run")),
        ("The capital of Ada is [MASK], unlike that of Bo.", ("Ada", "capital", "Ket")),
    ],
)
def test_the_fact_that_is_asked_for_has_the_largest_share(pointing, text, fact):
    shares, _ = read_shares(pointing, text)
    assert max(shares, key=shares.get) == fact


def test_shares_sum_to_one_and_a_sentence_without_names_has_none(pointing):
    shares, silent = read_shares(pointing, "The capital of Ada is [MASK].")
    assert sum(shares.values()) + silent == pytest.approx(1, abs=1e-5)
    assert read_shares(pointing, "The capital is [MASK].") == ({}, 1.0)


def test_where_the_fact_is_taken_away_the_graph_says_less(pointing, lands):
    _, before = read_shares(pointing, "The capital of Ada is [MASK].")
    with pointing.injector.without_facts([find(pointing, "Ada", "capital", "Ket")]):
        shares, silent = read_shares(pointing, "The capital of Ada is [MASK].")
    assert silent > 0.5 > before and all("capital" not in fact for fact in shares)


def test_a_fact_whose_other_end_is_asked_about_is_no_answer(pointing):
    shares, silent = read_shares(pointing, "Bo borders [MASK].")  # Ada borders Bo, and not the other way about
    assert silent > shares["Ada", "borders", "Bo"]


def test_an_edited_fact_is_pointed_at_at_once(bert, lands, set_gates):
    model = set_gates(kgwb.inject(bert, lands, mode="pointer"), 0.5)
    model.injector.replace([find(model, "Ada", "capital", "Ket")], [find(model, "Ada", "capital", "Run")])
    shares, _ = read_shares(model, "The capital of Ada is [MASK].")
    assert max(shares, key=shares.get) == ("Ada", "capital", "Run")


def test_support_is_the_share_of_the_facts_whose_other_end_an_entity_is(pointing, lands):
    [door], graph = pointing.injector.doors, lands.graph
    text = "The capital of Ada is [MASK]."
    encoding = encode_sentences(pointing, [text], mentions=kgwb.find_mentions([text], graph, pointing.tokenizer))
    _, trace = pointing.reach_mask(encoding)
    pointed, everyone = door.pointing_of(trace), torch.arange(len(graph.labels))[None]
    support = door.support_entities(everyone, trace)[0]
    shares = pointed.shares()[0, :-1].detach()
    for entity in range(len(graph.labels)):
        expected = sum(s for s, other in zip(shares, pointed.nearby.others[0].tolist(), strict=True) if other == entity)
        assert support[entity].item() == pytest.approx(float(expected), abs=1e-6)
    assert door.support_entities(torch.tensor([[-1]]), trace).item() == 0


def test_its_loss_is_the_share_that_should_have_said_nothing(pointing, lands):
    [door], graph = pointing.injector.doors, lands.graph
    text = "The capital of Ada is [MASK]."
    encoding = encode_sentences(pointing, [text], mentions=kgwb.find_mentions([text], graph, pointing.tokenizer))
    _, trace = pointing.reach_mask(encoding)
    ket = torch.tensor([graph.entity_id("Ket")])
    with pointing.injector.without_facts([find(pointing, "Ada", "capital", "Ket")]):
        _, bare = pointing.reach_mask(encoding)
    without = door.pointing_of(bare).shares()[0, -1].detach()
    loss = door.loss_at_mask(ket, trace).item()
    assert loss >= -without.log() - 1e-4  # the second part is not below 0
    assert door.loss_at_mask(torch.tensor([graph.entity_id("Run")]), trace).item() == 0  # no fact states it


def test_a_sentence_is_compared_with_labels_and_with_wordings_that_were_learnt(bert, lands):
    model = kgwb.inject(bert, lands, mode="pointer")
    [door] = model.injector.doors
    assert door.is_label.sum() == 3 + 3 and len(door.relations) == 6  # relations and types
    [sentence] = kgwb.verbalise(
        lands.graph, [("Ada", "currency", "Sol")], wordings={"currency": "People in {head} pay with {tail}."}
    )
    before, _ = read_shares(model, "People in Bo pay with [MASK].")
    assert kgwb.bert.teach_wordings(model, [sentence, sentence]) == 1
    after, _ = read_shares(model, "People in Bo pay with [MASK].")
    fact = ("Bo", "currency", "Tam")
    assert len(door.relations) == 7 and after[fact] > max(0.9, before[fact])


def test_best_matches_equal_a_loop_over_pieces():
    draw = torch.Generator().manual_seed(0)
    hidden, said = torch.randn(2, 5, 4, generator=draw), torch.randn(3, 3, 4, generator=draw)
    taken = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    read = torch.tensor([[True, True, False, True, True], [True, False, False, False, False]])
    one = gather_said(said[:2], taken[:2], torch.tensor([0, 1]), are_labels=True)
    whole = join_said(one, gather_said(said[2:], taken[2:], torch.tensor([1]), are_labels=False))
    match, places = match_texts(hidden, read, whole)
    assert whole.is_label.tolist() == [True, True, False] and places.shape == (2, 6)
    for row in range(2):
        for text in range(3):
            likeness = [
                max(
                    float(torch.cosine_similarity(hidden[row, t], said[text, p], dim=0))
                    for t in range(5)
                    if read[row, t]
                )
                for p in range(3)
                if taken[text, p]
            ]
            assert float(match[row, text]) == pytest.approx(sum(likeness) / len(likeness), abs=1e-5)


def test_distances_equal_a_loop():
    owned = torch.rand(2, 3, 7, generator=torch.Generator().manual_seed(1)) < 0.3
    owned[1, 2] = False
    found = measure_nearest(owned)
    for row in range(2):
        for slot in range(3):
            places = [t for t in range(7) if owned[row, slot, t]]
            assert found[row, slot].tolist() == [min([abs(t - p) for p in places], default=7) for t in range(7)]


@pytest.fixture(params=["shuffled", "random", "matched", "dealt"])
def twin(request, bert, lands, set_gates) -> Iterator[Bert]:
    yield set_gates(kgwb.inject(bert, lands, mode="pointer", control=request.param), 0.5)


def test_no_twin_points_at_the_true_fact(twin):
    shares, _ = read_shares(twin, "The capital of Ada is [MASK].")
    stated = {(head, relation, tail) for head, relation, tail in FACTS}
    if twin.injector.control == "shuffled":  # the facts are true, and another's
        assert all(share < 0.5 for fact, share in shares.items() if fact[0] == "Ada")
    elif shares:
        assert max(shares, key=shares.get) not in stated


def test_the_words_of_relations_are_drawn_in_the_random_twin(bert, lands):
    real, drawn = (kgwb.inject(bert, lands, mode="pointer", control=control) for control in (None, "random"))
    one, two = (model.injector.doors[0].states for model in (real, drawn))
    assert one.shape == two.shape and not torch.allclose(one, two)
    assert float(torch.cosine_similarity(one, two).abs().max()) < 0.4


def test_a_door_without_facts_has_no_dealt_twin(bert, lands):
    with pytest.raises(
        ValueError, match=r"control='dealt' gives each relation's facts to other heads, and the entity door"
    ):
        kgwb.inject(bert, lands, mode="entity", control="dealt")


def test_a_wording_is_taken_up_once(bert, lands):
    model = kgwb.inject(bert, lands, mode="pointer")
    sentences = kgwb.verbalise(lands.graph, wordings={"currency": "People in {head} pay with {tail}."})
    for _ in range(2):
        kgwb.bert.teach_wordings(model, sentences)
        counts = len(model.injector.doors[0].relations)
    kgwb.bert.teach_wordings(model, kgwb.verbalise(lands.graph, wordings={"currency": "{tail} is spent in {head}."}))
    assert len(model.injector.doors[0].relations) > counts
    again = kgwb.inject(bert, lands, mode="pointer")
    kgwb.bert.teach_wordings(again, sentences)
    assert len(again.injector.doors[0].relations) == counts


def test_a_graph_without_facts_says_nothing(bert, set_gates):
    empty = kgwb.KnowledgeGraph.from_pandas(
        pd.DataFrame([], columns=["head", "relation", "tail"]), pd.DataFrame({"entity": ["Ada", "Bo", "Cy"]})
    )
    model = set_gates(kgwb.inject(bert, kgwb.GraphEmbedding(empty, kgwb.ComplEx(), dim=8), mode="pointer"), 0.5)
    assert read_shares(model, "The capital of Ada is [MASK].") == ({}, 1.0)


def test_what_teaches_no_wording(bert, lands, pointing):
    with pytest.raises(ValueError, match="1 sentences came, and none states a fact"):
        kgwb.bert.teach_wordings(pointing, [kgwb.graph.Sentence("Ada is far.")])
    with pytest.raises(ValueError, match=r"has no door. Type kgwb.inject"):
        kgwb.bert.teach_wordings(bert, kgwb.verbalise(lands.graph))


@pytest.mark.parametrize(("options", "message"), [({"layer": 9}, "has layers 0 to 5"), ({"most": 0}, "most=0")])
def test_options_that_cannot_be(bert, lands, options, message):
    with pytest.raises(ValueError, match=message):
        kgwb.inject(bert, lands, mode="pointer", **options)
    assert isinstance(kgwb.inject(bert, lands, mode="pointer").injector.doors[0], PointerDoor)
