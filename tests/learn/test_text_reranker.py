"""Ranking first answers anew: brute force is the judge, and what stands beyond the first answers keeps its rank."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.embed import fit_baseline
from kgwb.embed.ranking.answers import prepare_answers
from kgwb.graph import KnowledgeGraph, Split
from kgwb.learn import PairCompletion, TextCompletion, TextRanker, TextReranker
from kgwb.learn.completion.text_reranker import take_places

NAMES = [first + second for first in ("bren", "drav", "jut", "mal") for second in ("ap", "ek", "os")]
DEEDS = {"Baker": "bakes bread", "Miller": "grinds corn", "Smith": "forges iron", "Weaver": "weaves cloth"}


@pytest.fixture(scope="module")
def split() -> Split:
    """People and their trades; a third of the facts is held out."""
    trades = list(DEEDS)
    facts = [(name, "works_as", trades[i % 4]) for i, name in enumerate(NAMES)]
    facts += [(name, "knows", NAMES[(i * 5 + step) % 12]) for i, name in enumerate(NAMES) for step in (1, 2)]
    about = [(name, f"one who {DEEDS[trade]}") for name, _, trade in facts[:12]]
    about += [(trade, f"a trade: {deed}") for trade, deed in DEEDS.items()]
    graph = KnowledgeGraph.from_pandas(
        pd.DataFrame(facts, columns=["head", "relation", "tail"]),
        pd.DataFrame(about, columns=["entity", "description"]),
        name="guild",
    )
    order = np.random.default_rng(0).permutation(len(graph))
    return Split(graph, graph.triples[order[12:]], graph.triples[order[:6]], graph.triples[order[6:12]])


@pytest.fixture(scope="module")
def model(small_bert, split) -> kgwb.bert.Bert:
    """Tuned a little on pairs."""
    model = copy.deepcopy(small_bert)
    task = PairCompletion(split, TextRanker(small_bert, split), top=6)
    options = {"policy": "full", "epochs": 6, "batch": 12, "learning_rate": 1e-3, "precision": "float32"}
    for _ in kgwb.tune(model, task, **options):
        pass
    return model


@pytest.fixture(scope="module")
def rankers(small_bert, split):
    vectors = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=8)
    for _ in kgwb.train_embedding(vectors, split, epochs=3, precision="float32"):
        pass
    texts = TextRanker(small_bert, split, precision="float32")
    return {"texts": texts, "vectors": vectors, "rules": fit_baseline(split)}


KINDS = ("texts", "vectors", "rules")


def make(model, ranker, **options) -> TextReranker:
    return TextReranker(model, ranker, precision="float32", **options)


def ask(ranker, graph, *, asks_tail):
    """Scores of all entities for every (entity, relation)."""
    known, relation = (
        torch.from_numpy(grid.ravel())
        for grid in np.meshgrid(np.arange(len(graph.entities)), np.arange(len(graph.relations)))
    )
    scores = prepare_answers(ranker)[0](known, relation, len(known) if asks_tail else 0).double()
    return known.tolist(), relation.tolist(), scores


def list_answers(facts, known, relation, asks_tail):
    return {(t if asks_tail else h) for h, r, t in facts if r == relation and (h if asks_tail else t) == known}


def choose_first(scores, passed_over, top):
    """The first answers by the definition: not known, and above the best of those left over."""
    left = sorted((e for e in range(len(scores)) if e not in passed_over), key=lambda e: -scores[e])
    bar = scores[left[top]] if len(left) > top else -np.inf
    return [e for e in left[:top] if scores[e] > bar]


def rank_alone(reranker, split, triple, asks_tail):
    """The filtered rank of an answer, its query ordered by hand: pairs above what is beyond the first answers."""
    head, relation, tail = triple
    known, right = (head, tail) if asks_tail else (tail, head)
    asked = torch.tensor([known]), torch.tensor([relation])
    first = prepare_answers(reranker.first)[0](*asked, int(asks_tail))[0].double().tolist()
    trained = list_answers(reranker.first.trained_facts.tolist(), known, relation, asks_tail)
    chosen = choose_first(first, trained, reranker.top)
    step = relation if asks_tail else relation + len(split.graph.relations)
    reranker.score_answers(*asked, tails=int(asks_tail))
    joined = {e: first[e] + reranker.weight * reranker._logits[step, known, e] for e in chosen}
    others = list_answers(split.known.tolist(), known, relation, asks_tail) - {right}
    if right not in joined:
        keys = [(score, 0.0) for score in first]
    else:  # every chosen one is above all that was left over
        keys = [(np.inf, joined[e]) if e in joined else (-np.inf, 0.0) for e in range(len(first))]
    candidates = [keys[e] for e in range(len(first)) if e not in others and e != right]
    better, equal = sum(key > keys[right] for key in candidates), candidates.count(keys[right])
    return 1 + better + equal / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weight", [0.3, 50.0])
def test_ranks_are_those_of_brute_force(model, split, rankers, kind, weight):
    reranker = make(model, rankers[kind], top=5, weight=weight)
    triples = np.concatenate([split.test, split.valid])
    report = kgwb.rank_triples(reranker, triples, known=split.known)
    expected = [rank_alone(reranker, split, triple, side == "tail") for side in ("head", "tail") for triple in triples]
    assert dict.fromkeys(report.sides.tolist()) == {"head": None, "tail": None}
    assert report.ranks.tolist() == expected
    assert expected != kgwb.rank_triples(rankers[kind], triples, known=split.known).ranks.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_with_weight_zero_the_scores_are_the_first_rankers_to_the_bit(model, split, rankers, kind):
    reranker = make(model, rankers[kind], top=5, weight=0)
    for asks_tail in (True, False):
        first, again = (ask(one, split.graph, asks_tail=asks_tail)[2] for one in (rankers[kind], reranker))
        assert torch.equal(first, again)
    for known in (split.known, None):
        one, other = (kgwb.rank_triples(each, split.graph.triples, known=known) for each in (rankers[kind], reranker))
        assert np.array_equal(one.better, other.better) and np.array_equal(one.equal, other.equal)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asks_tail", [True, False])
def test_only_the_first_answers_change_places(model, split, rankers, kind, asks_tail):
    reranker = make(model, rankers[kind], top=4, weight=30.0)
    known, relation, first = ask(rankers[kind], split.graph, asks_tail=asks_tail)
    again = ask(reranker, split.graph, asks_tail=asks_tail)[2]
    moved = 0
    for row in range(len(known)):
        trained = list_answers(split.train.tolist(), known[row], relation[row], asks_tail)
        chosen = choose_first(first[row].tolist(), trained, 4)
        rest = [e for e in range(len(split.graph.entities)) if e not in chosen]
        assert torch.equal(first[row, rest], again[row, rest])
        # What ties comes apart by less than single precision tells.
        assert torch.equal(first[row, chosen].float().sort()[0], again[row, chosen].float().sort()[0])
        unknown = [e for e in rest if e not in trained]
        assert not chosen or not unknown or again[row, chosen].min() > again[row, unknown].max()
        moved += not torch.equal(first[row, chosen], again[row, chosen])
    assert moved > (0 if kind == "rules" else 5)  # rules let most entities tie


def test_an_answer_beyond_the_first_keeps_its_rank(model, split, rankers):
    for ranker in rankers.values():
        before = kgwb.rank_triples(ranker, split.test, known=split.known)
        after = kgwb.rank_triples(make(model, ranker, top=3, weight=30.0), split.test, known=split.known)
        unfiltered = kgwb.rank_triples(ranker, split.test, known=split.train)
        beyond = unfiltered.with_ties("best").ranks > 3
        assert beyond.any() and np.array_equal(before.ranks[beyond], after.ranks[beyond])


def test_equal_scores_are_not_cut_apart(model, split, rankers):
    """Frequency alone: nearly all entities tie, and no tie is broken by where the first answers end."""
    frequency = fit_baseline(split, kinds=[])
    reranker = make(model, frequency, top=4, weight=30.0)
    known, relation, first = ask(frequency, split.graph, asks_tail=False)
    again = ask(reranker, split.graph, asks_tail=False)[2]
    works = split.graph.relation_id("works_as")
    for row in (row for row in range(len(known)) if relation[row] == works):
        assert torch.equal(first[row], again[row])  # each person works once, so that all people tie


def test_what_ties_in_first_scores_is_decided_by_the_pairs_and_what_ties_in_both_stays_so():
    first = torch.tensor([[3.0, 2.0, 2.0, 1.0], [5.0, 5.0, 4.0, -torch.inf]], dtype=torch.float64)
    joined = torch.tensor([[0.0, 2.0, 7.0, 9.0], [1.0, 1.0, 1.0, -torch.inf]], dtype=torch.float64)
    found = take_places(first, joined)
    below = float(np.nextafter(2.0, -np.inf))
    assert found.tolist() == [[1.0, below, 2.0, 3.0], [5.0, 5.0, 5.0, -np.inf]]


def test_texts_that_say_the_same_tie(small_bert, model):
    facts = [("anna", "knows", "carl"), ("dora", "knows", "emil"), ("fred", "knows", "gina"), ("gina", "knows", "anna")]
    about = pd.DataFrame({"entity": ["carl", "emil"], "label": ["a man", "a man"]})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), about)
    vectors = kgwb.GraphEmbedding(graph, kgwb.DistMult(), dim=4)
    with torch.no_grad():
        vectors.entity_table[graph.entity_id("emil")] = vectors.entity_table[graph.entity_id("carl")]
    fred = torch.tensor([graph.entity_id("fred")])
    scores = make(model, vectors, top=5, weight=3.0).score_answers(fred, torch.tensor([0]), tails=1)[0]
    assert scores[graph.entity_id("carl")] == scores[graph.entity_id("emil")]


def test_a_query_does_not_depend_on_its_batch_mates(model, split, rankers):
    known, relation, together = ask(make(model, rankers["texts"], top=5, weight=2.0), split.graph, asks_tail=True)
    alone = make(model, rankers["texts"], top=5, weight=2.0)
    for row in range(0, len(known), 7):
        one = alone.score_answers(torch.tensor([known[row]]), torch.tensor([relation[row]]), tails=1)[0]
        assert torch.allclose(one, together[row], atol=1e-5)


def test_the_weight_is_the_one_that_ranks_validation_best(model, split, rankers):
    for ranker in rankers.values():
        reranker = make(model, ranker, top=5)
        fitted = reranker.fit_weight(split.valid, known=split.known)
        assert reranker.weight == 1.0 and not len(reranker.trials)
        assert fitted.trials["weight"].tolist() == sorted(fitted.trials["weight"]) and len(fitted.trials) == 10
        for weight, mrr in fitted.trials.itertuples(index=False):
            given = make(model, ranker, top=5, weight=weight)
            assert kgwb.rank_triples(given, split.valid, known=split.known).mrr == pytest.approx(mrr, abs=1e-9)
        best = fitted.trials["MRR"].max()
        assert fitted.weight == fitted.trials["weight"][fitted.trials["MRR"] == best].min()
        assert best >= kgwb.rank_triples(ranker, split.valid, known=split.known).mrr == fitted.trials["MRR"][0]


def test_a_head_that_has_learnt_nothing_gets_no_weight(small_bert, split, rankers):
    model = copy.deepcopy(small_bert)
    PairCompletion(split, rankers["texts"], top=5).prepare(model)
    fitted = make(model, rankers["texts"], top=5).fit_weight(split.valid, known=split.known)
    assert fitted.weight == 0.0 and fitted.trials["weight"].tolist() == [0.0]


def test_pairs_find_answers_that_the_first_ranker_cannot(small_bert):
    """Texts tell towns from people; untrained vectors put a town anywhere, a tuned pair before all people."""
    towns, names = ("Rome", "Oslo", "Bonn"), [*NAMES, *(name[::-1] for name in NAMES)]
    facts = [(name, "lives_in", towns[i % 3]) for i, name in enumerate(names)]
    about = pd.DataFrame({"entity": names, "description": [f"from {town}" for _, _, town in facts]})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), about)
    held_out = np.isin(graph.triples[:, 0], [graph.entity_id(name) for name in names[-6:]])
    split = Split(graph, graph.triples[~held_out], graph.triples[:0], graph.triples[held_out])
    vectors, model = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8), copy.deepcopy(small_bert)
    options = {"policy": "full", "epochs": 20, "batch": 9, "learning_rate": 1e-3, "precision": "float32"}
    for _ in kgwb.tune(model, PairCompletion(split, vectors, top=len(graph.entities)), **options):
        pass
    reranker = make(model, vectors, top=len(graph.entities), weight=100.0, known=split.train)
    before, after = (kgwb.rank_triples(one, split.test, known=split.known) for one in (vectors, reranker))
    tails = after.sides == "tail"
    assert before.ranks[tails].max() > 10 and after.ranks[tails].max() <= 3


def test_what_is_tuned_later_does_not_change_a_reranker_and_ranking_changes_nothing(model, split, rankers):
    bert = copy.deepcopy(model)
    before = copy.deepcopy(bert.state_dict())
    reranker = make(bert, rankers["texts"], top=5)
    list(kgwb.tune(bert, TextCompletion(split), policy="full", epochs=2, learning_rate=1e-2, precision="float32"))
    ranks = kgwb.rank_triples(reranker, split.test, known=split.known).ranks
    assert np.array_equal(
        ranks, kgwb.rank_triples(make(model, rankers["texts"], top=5), split.test, known=split.known).ranks
    )
    assert not all(torch.equal(value, before[name]) for name, value in bert.state_dict().items())
    assert all(torch.equal(value, before[name]) for name, value in reranker.bert.state_dict().items())


def test_what_a_report_says_of_training_is_the_first_rankers(model, split, rankers):
    reranker = make(model, rankers["vectors"], top=5)
    for triples in (split.test, split.train):
        one, other = (kgwb.rank_triples(each, triples, known=split.known) for each in (rankers["vectors"], reranker))
        assert (one.unseen, one.trained) == (other.unseen, other.trained)
    assert repr(reranker).startswith("TextReranker of GraphEmbedding(ComplEx(), dim=8) of 'guild': 16 entities")
    assert repr(reranker).endswith("; its first 5 read by 'small', weight 1")
    assert reranker.dim == 5 * 32


def test_a_reranker_can_be_ranked_anew(model, split, rankers):
    twice = make(model, make(model, rankers["texts"], top=5, weight=2.0), top=3, weight=0)
    once = make(model, rankers["texts"], top=5, weight=2.0)
    reports = [kgwb.rank_triples(each, split.test, known=split.known) for each in (once, twice)]
    assert np.array_equal(*(report.ranks for report in reports))


def test_a_model_without_the_head(small_bert, rankers):
    message = r"'small' has no head 'pair_completion'\. Tune it on pairs first: type kgwb\.tune\(model, kgwb\.learn"
    with pytest.raises(ValueError, match=message):
        TextReranker(small_bert, rankers["texts"])


def test_a_head_that_is_for_something_else(small_bert, model, rankers):
    bert = copy.deepcopy(small_bert)
    frame = pd.DataFrame({"text": ["it rains", "we won"], "label": ["weather", "sport"]})
    kgwb.learn.TextClasses(frame).prepare(bert)
    with pytest.raises(ValueError, match=r"no head 'pair_completion'\. It has text_classes\. Tune it on pairs first"):
        TextReranker(bert, rankers["texts"])
    with pytest.raises(
        ValueError, match=r"The head 'text_classes' of 'small' is 'text classes' with .*, not 'pair compl"
    ):
        TextReranker(bert, rankers["texts"], head="text_classes")


@pytest.mark.parametrize(("name", "value"), [("top", 1), ("weight", -1.0), ("weight", float("inf"))])
def test_numbers_that_cannot_be(model, rankers, name, value):
    with pytest.raises(ValueError, match=rf"{name}={value} came\. It must be .*; type {name}="):
        TextReranker(model, rankers["texts"], **{name: value})


def test_a_graph_without_texts(model):
    facts = pd.DataFrame([["Q1", "P1", "Q2"]], columns=["head", "relation", "tail"])
    vectors = kgwb.GraphEmbedding(KnowledgeGraph.from_pandas(facts), kgwb.ComplEx(), dim=4)
    with pytest.raises(
        ValueError, match=r"'graph' has entities without a label that could be read \('Q1', .*Give them l"
    ):
        TextReranker(model, vectors)


def test_known_triples_of_another_graph(model, rankers):
    with pytest.raises(
        ValueError, match=r"known holds ids that 'guild' does not have: it has 16 entities and 2 relation"
    ):
        TextReranker(model, rankers["texts"], known=[[0, 0, 99]])


def test_weights_that_ran_away(model, split, rankers):
    bert = copy.deepcopy(model)
    torch.nn.init.constant_(bert.heads["pair_completion"].bias, float("nan"))
    message = (
        r"A logit of 'small' is not finite: its weights are too large\. Tune it anew with a lower learning_rate: kgwb"
    )
    with pytest.raises(ValueError, match=message):
        kgwb.rank_triples(make(bert, rankers["texts"], top=5), split.test, known=split.known)
