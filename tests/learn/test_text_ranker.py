"""Ranking by texts: ranks are those of a brute-force comparison, entities never seen in training included."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import encode_sentences
from kgwb.graph import KnowledgeGraph, Split
from kgwb.learn import TextCompletion, TextRanker
from kgwb.learn.completion.entity_texts import pool_texts, sweep_texts

FACTS = [
    ("anna", "knows", "carl"),
    ("anna", "knows", "dora"),
    ("bert", "knows", "carl"),
    ("carl", "lives_in", "Rome"),
    ("dora", "lives_in", "Oslo"),
    ("emil", "lives_in", "Oslo"),
]


@pytest.fixture(scope="module")
def split() -> Split:
    """`emil` stands in test alone."""
    about = pd.DataFrame({"entity": ["Rome", "Oslo", "emil"], "description": ["a city", "a city", "a man of Oslo"]})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), about, name="people")
    emil = graph.entity_id("emil")
    held_out = (graph.triples == emil).any(1) | (np.arange(len(graph)) == 1)
    return Split(graph, graph.triples[~held_out], graph.triples[:0], graph.triples[held_out])


@pytest.fixture(scope="module")
def ranker(small_bert, split) -> TextRanker:
    return TextRanker(small_bert, split, precision="float32")


def read_alone(bert, text):
    given = bert.tokenizer(text, return_tensors="pt")
    hidden = bert.model.base_model(given["input_ids"], attention_mask=given["attention_mask"]).last_hidden_state
    return torch.nn.functional.normalize(hidden[0].mean(0), dim=0)


def say_entity(graph, entity):
    parts = graph.entities.loc[entity, ["label", "description"]]
    return ": ".join(part for part in parts if part)


@torch.no_grad()
def rank_alone(bert, graph, triple, known, asks_tail):
    """The filtered rank of a triple's answer, every text read alone."""
    head, relation, tail = triple
    words = graph.relation_labels[relation].replace("_", " ")
    given, right = (head, tail) if asks_tail else (tail, head)
    text = f"{say_entity(graph, given)} [SEP] {words if asks_tail else 'inverse of ' + words}"
    query = read_alone(bert, text)
    scores = [float(query @ read_alone(bert, say_entity(graph, e))) for e in range(len(graph.entities))]
    if relation not in {r for h, r, t in known if h == t}:
        scores[given] = -2.0
    others = {(t if asks_tail else h) for h, r, t in known if r == relation and (h if asks_tail else t) == given}
    return 1 + sum(score > scores[right] for e, score in enumerate(scores) if e not in others)


def test_ranks_are_those_of_a_comparison_one_by_one(small_bert, split, ranker):
    report = kgwb.rank_triples(ranker, split.graph.triples, known=split.known)
    known = split.known.tolist()
    expected = [
        rank_alone(small_bert, split.graph, triple, known, side == "tail")
        for side in dict.fromkeys(report.sides.tolist())
        for triple in split.graph.triples.tolist()
    ]
    assert report.ranks.tolist() == expected
    assert set(report.by_side().index) == {"head", "tail"}


def test_a_querys_own_entity_scores_lowest_unless_most_facts_link_an_entity_with_itself(small_bert):
    facts = [("anna", "likes", "anna"), ("bert", "knows", "carl"), ("carl", "knows", "carl"), ("dora", "knows", "carl")]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    bert, knows, likes = graph.entity_id("bert"), graph.relation_id("knows"), graph.relation_id("likes")
    ranker = TextRanker(small_bert, graph, precision="float32")
    asked = torch.tensor([bert, bert, bert]), torch.tensor([knows, likes, knows])
    own = ranker.score_answers(*asked, tails=2)[:, bert]
    assert own[[0, 2]].tolist() == [-2.0, -2.0] and own[1] > 0


def test_an_entity_that_training_never_saw_is_ranked_and_counted(split, ranker):
    emil = split.graph.entity_id("emil")
    assert not ranker.trained_on[emil] and ranker.trained_on.sum() == len(split.graph.entities) - 1
    report = kgwb.rank_triples(ranker, split.test, known=split.known)
    assert report.unseen == 1 and report.trained == 0 and len(report.ranks) == 2 * len(split.test)
    assert "1 triple holds an entity that training never saw" in repr(report)


def test_an_unseen_entity_is_found_by_what_its_text_says(small_bert):
    """Tuned on people whose description names their town, the town of another is found."""
    towns, names = (
        ("Rome", "Oslo", "Bonn"),
        [f"{a}{b}" for a in ("bren", "drav", "jut", "mal") for b in ("ap", "ek", "os")],
    )
    facts = [(name, "lives_in", towns[i % 3]) for i, name in enumerate(names)]
    about = pd.DataFrame({"entity": names, "description": [f"from {town}" for _, _, town in facts]})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), about)
    held_out = np.isin(graph.triples[:, 0], [graph.entity_id(name) for name in names[-3:]])
    split = Split(graph, graph.triples[~held_out], graph.triples[:0], graph.triples[held_out])
    before = kgwb.rank_triples(TextRanker(small_bert, split), split.test, known=split.known)
    model = copy.deepcopy(small_bert)
    options = {"policy": "full", "epochs": 40, "batch": 9, "learning_rate": 1e-3, "precision": "float32"}
    for _ in kgwb.tune(model, TextCompletion(split), **options):
        pass
    after = kgwb.rank_triples(TextRanker(model, split), split.test, known=split.known)
    assert after.by_side().loc["tail", "MRR"] == 1.0 > before.by_side().loc["tail", "MRR"]


def test_what_is_tuned_later_does_not_change_a_ranker_and_ranking_changes_nothing(small_bert, split):
    model = copy.deepcopy(small_bert)
    before = copy.deepcopy(model.state_dict())
    ranker = TextRanker(model, split, precision="float32")
    ranks = kgwb.rank_triples(ranker, split.test, known=split.known).ranks
    vectors = ranker.vectors.clone()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    list(kgwb.tune(model, TextCompletion(split), policy="full", epochs=3, learning_rate=1e-2, precision="float32"))
    again = kgwb.rank_triples(ranker, split.test, known=split.known).ranks
    assert np.array_equal(ranks, again) and torch.equal(vectors, ranker.vectors)


def test_a_query_does_not_depend_on_its_batch_mates(split, ranker):
    head, relation, tail = (torch.from_numpy(column.copy()) for column in split.graph.triples.T)
    together = ranker.score_answers(torch.cat([head, tail]), relation.repeat(2), tails=len(head))
    for row in range(len(head)):
        one = ranker.score_answers(head[row : row + 1], relation[row : row + 1], tails=1)
        other = ranker.score_answers(tail[row : row + 1], relation[row : row + 1], tails=0)
        assert torch.allclose(one[0], together[row], atol=1e-5)
        assert torch.allclose(other[0], together[len(head) + row], atol=1e-5)


def test_half_the_bits_give_nearly_the_same_vectors_and_scores_of_all_bits(small_bert, split, ranker):
    half = TextRanker(small_bert, split, precision="bfloat16")
    assert half.vectors.dtype == torch.float32 and torch.allclose(half.vectors, ranker.vectors, atol=0.02)
    known = torch.tensor([0, 1])
    assert half.score_answers(known, torch.tensor([0, 0]), tails=1).dtype == torch.float32


def test_a_graph_may_come_instead_of_a_split(small_bert, split):
    ranker = TextRanker(small_bert, split.graph, longest=8)
    assert bool(ranker.trained_on.all()) and ranker.dim == 32
    assert repr(ranker) == "TextRanker of 'people' by 'small': 7 entities, 32 wide"


def test_no_room_for_a_text(small_bert, split):
    with pytest.raises(ValueError, match=r"longest=0 came\. It must be at least 1; type longest=1\."):
        TextRanker(small_bert, split, longest=0)


def test_equal_texts_are_read_alike_to_the_bit_and_once(small_bert):
    texts = ["a man", "a woman who sings", "a man", "the sea is wide and deep", "a man", "a woman who sings"]
    encoding = encode_sentences(small_bert, texts)
    read = []

    def count(bert, part):
        read.append(len(part.pieces))
        return part.pieces[:, 1].float()

    assert sweep_texts(small_bert, encoding, count).tolist() == encoding.pieces[:, 1].tolist() and sum(read) == 3
    with torch.no_grad():
        pooled = pool_texts(small_bert, encoding)
        alone = torch.cat([pool_texts(small_bert, encode_sentences(small_bert, [text])) for text in texts])
    assert pooled[0].equal(pooled[2]) and pooled[0].equal(pooled[4]) and pooled[1].equal(pooled[5])
    assert torch.allclose(pooled, alone, atol=1e-5)
