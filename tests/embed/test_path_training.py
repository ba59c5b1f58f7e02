"""Training path networks: the loss falls, nothing gives the answer away, and what is learnt holds where all are strangers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from path_graphs import make_families, make_graph

import kgwb
from kgwb.embed import (
    EmbeddingFileError,
    PathNetwork,
    TrainingError,
    explain_answer,
    load_path_network,
    train_path_network,
)
from kgwb.embed.path_networks.fact_edges import FactEdges
from kgwb.embed.path_networks.path_losses import adversarial_above, softmax_above
from kgwb.embed.path_networks.path_queries import PathQueries
from kgwb.graph import Split


def _train(network: PathNetwork, source: Any, **options: Any) -> list[float]:
    return [epoch.loss for epoch in train_path_network(network, source, **{"epochs": 6, "batch": 8} | options)]


@pytest.fixture(scope="module")
def trained() -> PathNetwork:
    graph = make_families("abc")
    network = PathNetwork(graph, dim=8, layers=2)
    _train(network, graph, epochs=12)
    return network


@pytest.mark.parametrize(
    "options",
    [{}, {"negatives": 8}, {"loss": "self-adversarial"}, {"hide": "pair"}],
    ids=["softmax", "drawn", "bce", "pair"],
)
def test_the_loss_falls_and_one_seed_gives_one_result(options: dict[str, Any]) -> None:
    graph = make_families("ab")
    one, again = (PathNetwork(graph, dim=8, layers=2) for _ in range(2))
    losses = _train(one, graph, **options)
    assert losses[-1] < 0.8 * losses[0]
    assert losses[:2] == _train(again, graph, **options, cool_down=0)[:2]
    assert all(mine.equal(other) for mine, other in zip(one.parameters(), again.parameters(), strict=True))


def test_on_a_graph_of_strangers_it_ranks_better_than_frequency(trained: PathNetwork) -> None:
    """Grandparents follow from two facts; no entity of this graph was there in training."""
    graph = make_families("uvw")
    asked = (graph.triples[:, 1] == graph.relation_id("grandchild of")) & (np.arange(len(graph)) % 3 == 0)
    split = Split(graph, graph.triples[~asked], graph.triples[:0], graph.triples[asked])
    there = trained.on(split)
    report = kgwb.rank_triples(there, split.test, known=split.known)
    floor = kgwb.rank_triples(kgwb.embed.fit_baseline(split), split.test, known=split.known)
    assert report.mrr > max(0.8, floor.mrr + 0.2)
    assert "PathNetwork" in str(report.describe_run())


def test_facts_learnt_from_are_counted_where_they_are_known(trained: PathNetwork) -> None:
    graph = trained.graph
    assert len(trained.trained_facts) == len(graph) and trained.trained_on.all()
    strangers, half = trained.on(make_families("uvw")), trained.on(make_families("cd"))
    assert len(strangers.trained_facts) == 0 and not strangers.trained_on.any()
    assert len(half.trained_facts) == len(make_families("c"))
    assert half.trained_on.sum() == len(make_families("c").entities)
    assert repr(strangers).endswith(f"trained on {len(graph)} facts, 0 of them in this graph")
    back = strangers.on(graph)
    assert np.array_equal(back.trained_facts, trained.trained_facts)
    report = kgwb.rank_triples(half, half.graph.triples, known=half.graph.triples)
    assert report.trained == len(half.trained_facts)


def test_weights_are_shared_between_graphs(trained: PathNetwork) -> None:
    there = trained.on(make_families("uvw"))
    assert all(mine is other for mine, other in zip(trained.parameters(), there.parameters(), strict=True))


def test_what_gives_the_answer_away_carries_nothing() -> None:
    """Each fact asked for is hidden in both directions, and no other; with "pair", all between the two."""
    graph = make_graph([("a", "r", "b"), ("b", "s", "a"), ("a", "r", "c"), ("c", "r", "d"), ("a", "r", "d")])
    edges = FactEdges(graph.triples, entities=4, relations=2)
    queries = PathQueries.of(graph.triples, 2)
    asked = queries.draw(np.arange(len(queries)), share=0.4, edges=edges, hide="fact", draw=np.random.default_rng(0))
    counts = np.bincount(asked.asked, minlength=len(queries))
    assert (counts == np.maximum(1, np.rint(0.4 * np.diff(queries.offsets)))).all()
    hidden = {
        (query, int(edges.start[edge]), int(edges.step[edge]), int(edges.end[edge])) for query, edge in asked.hidden
    }
    expected = set()
    for query, answer in zip(asked.asked.tolist(), asked.answers.tolist(), strict=True):
        known, step = int(asked.known[query]), int(asked.step[query])
        expected |= {(query, known, step, answer), (query, answer, (step + 2) % 4, known)}
    assert hidden == expected
    pair = queries.draw(np.arange(len(queries)), share=0, edges=edges, hide="pair", draw=np.random.default_rng(0))
    for query, edge in pair.hidden:
        ends = {int(edges.start[edge]), int(edges.end[edge])}
        assert ends == {int(pair.known[query]), int(pair.answers[pair.asked == query][0])}
    between = len(edges.find_between(pair.known[pair.asked], pair.answers)[1])
    assert len(pair.hidden) == between > 2 * len(pair.answers)


def test_batches_are_cut_without_loss() -> None:
    graph = make_families("ab")
    queries = PathQueries.of(graph.triples, 3)
    edges = FactEdges(graph.triples, entities=len(graph.entities), relations=3)
    whole = queries.draw(np.arange(9), share=0.5, edges=edges, hide="fact", draw=np.random.default_rng(1))
    parts = list(whole.cut(4))
    assert [len(part.known) for part in parts] == [4, 4, 1]
    for name, of in (("answers", "asked"), ("true", "true_of")):
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(whole, name).tolist()
        moved = [getattr(part, of) + 4 * number for number, part in enumerate(parts)]
        assert np.concatenate(moved).tolist() == getattr(whole, of).tolist()
    cells = whole.candidates(len(graph.entities), negatives=None, draw=np.random.default_rng(0))
    assert not cells[torch.from_numpy(whole.true_of), torch.from_numpy(whole.true)].any()
    few = whole.candidates(len(graph.entities), negatives=3, draw=np.random.default_rng(0))
    assert few.sum(1).max() <= 3 and not (few & ~cells).any()


def test_losses_are_their_equations() -> None:
    scores, cells = torch.tensor([[1.0, 0.5, -1.0]], dtype=torch.float64), torch.tensor([[False, True, True]])
    asked, answer = torch.tensor([0]), torch.tensor([0])
    shares = scores.softmax(1)
    assert softmax_above(scores, cells, asked, answer).item() == pytest.approx(-shares[0, 0].log().item())
    weights = (scores[0, 1:] / 0.5).softmax(0)
    expected = -(scores[0, 0].sigmoid().log() + (weights * (-scores[0, 1:]).sigmoid().log()).sum()) / 2
    assert adversarial_above(scores, cells, asked, answer, temperature=0.5).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("loss", [softmax_above, lambda *given: adversarial_above(*given, temperature=1.0)])
def test_a_query_without_candidates_has_a_finite_gradient(loss: Callable[..., torch.Tensor]) -> None:
    scores = torch.zeros(1, 2, requires_grad=True)
    loss(scores, torch.zeros(1, 2, dtype=torch.bool), torch.tensor([0]), torch.tensor([1])).backward()
    assert scores.grad is not None and scores.grad.isfinite().all()


def test_the_best_weights_are_put_back() -> None:
    split = kgwb.split_triples(make_families("abc"), 0.2, 0.1)
    network, figures, weights = PathNetwork(split, dim=8, layers=2), [], []
    epochs = train_path_network(network, split, epochs=4, learning_rate=0.05, evaluate_every=1, patience=9)
    for epoch in epochs:
        figures.append(next(value for name, value in epoch.metrics.items() if name.startswith("MRR")))
        weights.append(network.queries.detach().clone())
    assert network.queries.equal(weights[int(np.argmax(figures))])


def test_wrong_arguments_are_answered() -> None:
    graph = make_families("a")
    split = kgwb.split_triples(graph, 0.2, 0.2)
    with pytest.raises(
        ValueError, match=r"passes messages over \d+ facts of 'graph', but \d+ of 'graph' came to learn from"
    ):
        train_path_network(PathNetwork(graph, dim=4, layers=1), split)
    network = PathNetwork(graph, dim=4, layers=1)
    with pytest.raises(
        ValueError, match=r"held_out=1 came\. It must be a number from 0 to below 1; type held_out=0\.25"
    ):
        train_path_network(network, graph, held_out=1)
    with pytest.raises(ValueError, match=r"negatives=0 came\. It must be \"all\" or a whole number, at least 1"):
        train_path_network(network, graph, negatives=0)
    with pytest.raises(ValueError, match="There are no validation triples to evaluate on"):
        train_path_network(network, graph, evaluate_every=1)
    lonely = make_graph([("a", "r", "a")])
    with pytest.raises(ValueError, match="has one entity, which is the answer to every query"):
        train_path_network(PathNetwork(lonely, dim=4, layers=1), lonely)


def test_a_loss_that_is_no_number_stops_training() -> None:
    graph = make_families("a")
    network = PathNetwork(graph, dim=4, layers=1)
    with torch.no_grad():
        network.queries.fill_(torch.inf)
    with pytest.raises(
        TrainingError, match=r"the loss became nan in epoch 1, .*fresh PathNetwork and type learning_rate=0\.0005"
    ):
        next(train_path_network(network, graph))


def test_it_comes_back_as_it_was(trained: PathNetwork, tmp_path: Path) -> None:
    back = load_path_network(trained.save(tmp_path / "network"))
    known, relation = torch.arange(6), torch.zeros(6, dtype=torch.int64)
    assert back.score_answers(known, relation, tails=3).equal(trained.score_answers(known, relation, tails=3))
    assert repr(back) == repr(trained) and kgwb.cite(back).parts == kgwb.cite(trained).parts
    there = trained.on(make_families("u"))
    assert (
        load_path_network(there.save(tmp_path / "there"))
        .score_answers(known, relation, tails=3)
        .equal(there.score_answers(known, relation, tails=3))
    )


def test_damage_is_said(trained: PathNetwork, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingFileError, match=r"holds no path network: no path_network\.json in it"):
        load_path_network(tmp_path)
    folder = trained.save(tmp_path / "network")
    record = folder / "path_network.json"
    record.write_text(record.read_text("utf-8").replace('"dim": 8', '"dim": 9'), encoding="utf-8")
    with pytest.raises(EmbeddingFileError, match=r"was damaged or changed since .*path_network\.json has been changed"):
        load_path_network(folder)


def test_an_explanation_names_the_path_that_the_answer_hangs_on(trained: PathNetwork) -> None:
    there = trained.on(make_families("u"))
    frame = explain_answer(there, head="u child 0", relation="grandchild of", tail="u elder 0", k=3)
    best = frame.iloc[0]
    assert best["path"] == "u child 0 — child of → u parent 0 — offspring of → u elder 0"
    assert list(frame["weight"]) == sorted(frame["weight"], reverse=True) and best["weight"] > 0
    graph = there.graph
    held = {tuple(fact) for fact in graph.triples.tolist()}
    asked = tuple(graph.entity_id(name) for name in ("u child 0", "u elder 0"))
    for facts in frame["facts"]:
        assert set(facts) <= held and (asked[0], graph.relation_id("grandchild of"), asked[1]) not in facts
    nothing = explain_answer(there, head="u child 0", relation="child of", tail="u child 0")
    assert nothing.empty and list(nothing) == ["weight", "path", "facts"]
