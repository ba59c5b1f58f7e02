"""Path networks: equal to a loop over edges, blind to names, and at home on graphs that training never saw."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from path_graphs import make_families, make_graph, score_naively

import kgwb
from kgwb.embed import PathNetwork
from kgwb.embed.path_networks.fact_edges import FactEdges, plan_layers
from kgwb.embed.path_networks.path_layer import Gathering
from kgwb.graph import KnowledgeGraph, Split

Rows = list[tuple[int, int, int]]
FACTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=14)


def _name(rows: Rows, names: str = "abcdefg") -> KnowledgeGraph:
    return make_graph([(names[head], f"r{relation}", names[tail]) for head, relation, tail in rows])


def _network(
    graph: KnowledgeGraph | Split, *, layers: int = 3, surroundings: int = 1, gathering: Gathering = "pna"
) -> PathNetwork:
    """With weights that are nowhere zero, as after training."""
    made = PathNetwork(graph, dim=4, layers=layers, surroundings=surroundings, gathering=gathering, seed=3)
    network = made.double()
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator, dtype=weight.dtype) / 4)
    return network


def _score(network: PathNetwork, known: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return network.score_block(known, step, looks=network.find_looks())


def _every_query(network: PathNetwork) -> tuple[torch.Tensor, torch.Tensor]:
    entities, steps = len(network.graph.entities), len(network.steps)
    return torch.arange(entities).repeat_interleave(steps), torch.arange(steps).repeat(entities)


@settings(max_examples=8)
@given(FACTS, st.sampled_from(["pna", "sum"]), st.integers(1, 3), st.integers(0, 2), st.data())
def test_scores_are_those_of_a_loop_over_edges(
    rows: Rows, gathering: Gathering, layers: int, surroundings: int, data: st.DataObject
) -> None:
    """Whichever edges carry nothing, whichever scores are wanted, and whatever else is asked in the same block."""
    network = _network(_name(rows), layers=layers, surroundings=surroundings, gathering=gathering)
    known, step = _every_query(network)
    closed = data.draw(st.sets(st.integers(0, len(network.edges) - 1)))
    cells = [(query, edge) for query in range(len(known)) for edge in closed]
    removed = torch.tensor(cells, dtype=torch.int64).reshape(-1, 2)
    wanted = torch.rand(len(known), len(network.graph.entities), generator=torch.Generator().manual_seed(1)) < 0.4
    with torch.no_grad():
        looks = network.find_looks(torch.tensor(sorted(closed), dtype=torch.int64))
        everything = network.score_block(known, step, looks=looks, removed=removed)
        part = network.score_block(known, step, looks=looks, removed=removed, wanted=wanted)
        assert not part[~wanted].any()
        for query in range(0, len(known), 5):
            expected = score_naively(network, int(known[query]), int(step[query]), closed)
            assert torch.allclose(everything[query], expected, atol=1e-10)
            assert torch.allclose(part[query][wanted[query]], expected[wanted[query]], atol=1e-10)


@pytest.mark.parametrize("gathering", ["pna", "sum"])
def test_gradients_are_those_of_the_loop(gathering: Gathering) -> None:
    network = _network(_name([(0, 0, 1), (1, 1, 2), (0, 0, 3), (3, 1, 2), (2, 2, 2), (4, 0, 2)]), gathering=gathering)
    known, step = torch.tensor([0, 2]), torch.tensor([0, 4])
    by_loop = torch.stack([score_naively(network, 0, 0), score_naively(network, 2, 4)]).sin().sum()
    weights = list(network.parameters())
    expected = torch.autograd.grad(by_loop, weights)
    for found, wanted in zip(
        torch.autograd.grad(_score(network, known, step).sin().sum(), weights), expected, strict=True
    ):
        assert torch.allclose(found, wanted, atol=1e-9)


def test_equal_messages_share_the_gradient_of_the_highest() -> None:
    """Two paths alike: torch's own maximum over the two does the same."""
    network = _network(_name([(0, 0, 1), (0, 0, 2), (1, 1, 3), (2, 1, 3)]), layers=2)
    known, step, weights = torch.tensor([0]), torch.tensor([0]), list(network.parameters())
    moved = []
    for sign in (1, -1):
        with torch.no_grad():
            network.queries += sign * 1e-6
            moved.append(_score(network, known, step)[0, 3].item())
            network.queries -= sign * 1e-6
    found = torch.autograd.grad(_score(network, known, step)[0, 3], weights)[0]
    assert found.sum().item() == pytest.approx((moved[0] - moved[1]) / 2e-6, abs=1e-6)


@settings(max_examples=15)
@given(FACTS, st.permutations("abcdefg"))
def test_a_name_never_matters(rows: Rows, names: list[str]) -> None:
    """Entities under other names have other ids, and the same scores; so have those of an isomorphic graph."""
    network = _network(_name(rows))
    other = network.on(_name(rows, "".join(names)))
    place = [other.graph.entity_id(names["abcdefg".index(label)]) for label in network.graph.labels]
    known, step = _every_query(network)
    with torch.no_grad():
        scores, moved = _score(network, known, step), _score(other, torch.tensor(place)[known], step)
    assert torch.allclose(scores, moved[:, place], atol=1e-10)


def test_batch_mates_and_blocks_change_nothing() -> None:
    network = PathNetwork(make_families("xy"), dim=8, layers=3)
    known, step = _every_query(network)
    relation, tails = step % 3, step < 3
    order = torch.cat([tails.nonzero()[:, 0], (~tails).nonzero()[:, 0]])
    with torch.no_grad():
        together = network.score_answers(known[order], relation[order], tails=int(tails.sum()))
        for query in (0, 5, len(order) - 1):
            one = order[query : query + 1]
            alone = network.score_answers(known[one], relation[one], tails=int(tails[one].sum()))
            assert torch.allclose(alone[0], together[query], atol=1e-6)
    assert network.score_answers(known[:0], relation[:0], tails=0).shape == (0, len(network.graph.entities))


def test_removed_edges_carry_nothing() -> None:
    """As if the facts were not there at all; the number of messages that is usual stays."""
    rows = [("a", "r", "b"), ("b", "s", "c"), ("a", "s", "c"), ("c", "r", "d")]
    network = _network(make_graph(rows))
    fact = network.graph.triples[network.graph.triples[:, 0] == 1][:1]  # b s c
    hidden = [[0, edge] for edge in network.edges.find(fact)[0].tolist()]
    without = network.on(make_graph([rows[0], *rows[2:]]))
    known, step = torch.tensor([0]), torch.tensor([0])
    looks = network.find_looks(torch.tensor(hidden)[:, 1])
    removed = network.score_block(known, step, looks=looks, removed=torch.tensor(hidden))
    assert torch.allclose(removed, _score(without, known, step))
    assert not torch.allclose(removed, _score(network, known, step))


def test_what_is_farther_than_the_layers_changes_nothing() -> None:
    chain = [(f"e{i}", "r", f"e{i + 1}") for i in range(6)]
    short, long = (
        _network(make_graph(chain), layers=2, surroundings=0),
        make_graph([*chain, ("e6", "r", "e7"), ("x", "r", "y")]),
    )
    known, step = torch.tensor([0]), torch.tensor([0])
    scores = _score(short, known, step)[0]
    assert torch.allclose(scores, _score(short.on(long), known, step)[0, :7], atol=1e-12)
    assert len(set(scores.tolist())) == 4, "an entity that no walk reaches has the score of all such"


def test_of_entities_that_no_walk_reaches_the_surroundings_tell() -> None:
    """Of four that cannot be reached two have the same facts around them, and the same score."""
    rows = [("a", "r", "b"), ("c", "r", "d"), ("e", "r", "f"), ("g", "s", "h"), ("i", "r", "j"), ("i", "r", "k")]
    network = _network(make_graph(rows), layers=2)
    scores = dict(
        zip(network.graph.labels, _score(network, torch.tensor([0]), torch.tensor([0]))[0].tolist(), strict=True)
    )
    assert scores["d"] == pytest.approx(scores["f"]) and len({round(scores[name], 9) for name in "cdghi"}) == 5


def test_only_what_leads_from_what_is_given_to_what_is_wanted_is_computed() -> None:
    chain = np.array([[i, 0, i + 1] for i in range(50)])
    edges, wanted = FactEdges(chain, entities=51, relations=1), torch.zeros(1, 51, dtype=torch.bool)
    wanted[0, 2] = True
    plans = plan_layers(edges, torch.tensor([0]), layers=4, wanted=wanted)
    assert [plan.rows.tolist() for plan in plans] == [[0, 1], [0, 1, 2], [1, 2, 3], [2]]
    full = plan_layers(edges, torch.tensor([0]), layers=4)
    assert [len(plan.rows) for plan in full] == [2, 3, 4, 5]


def test_a_fact_that_stands_there_twice_counts_once_and_all_edges_between_two_are_found() -> None:
    edges = FactEdges(np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0], [2, 0, 2]]), entities=3, relations=2)
    assert len(edges) == 6
    which, between = edges.find_between(np.array([0, 2]), np.array([1, 2]))
    ends = set(zip(which.tolist(), edges.start[between].tolist(), edges.end[between].tolist(), strict=True))
    assert ends == {(0, 0, 1), (0, 1, 0), (1, 2, 2)}


def test_one_seed_gives_one_network_and_another_another() -> None:
    graph = make_families("x")
    one, same, other = (PathNetwork(graph, dim=8, layers=2, seed=seed) for seed in (0, 0, 1))
    assert one.queries.equal(same.queries) and not one.queries.equal(other.queries)


def test_it_says_what_it_is() -> None:
    split = kgwb.split_triples(make_families("xy"), 0.1, 0.1)
    network = PathNetwork(split, dim=8, layers=2, gathering="sum")
    assert repr(network) == (
        "PathNetwork(dim=8, layers=2, surroundings=2, gathering='sum') of 'graph': "
        f"{len(split.train)} facts of 22 entities, 3 relations, not trained"
    )
    assert kgwb.cite(network).parts
    assert not len(network.trained_facts) and not network.trained_on.any()


def test_unknown_relations_are_named() -> None:
    network = PathNetwork(make_graph([("a", "likes", "b"), ("a", "knows", "b")]), dim=4, layers=1)
    with pytest.raises(
        ValueError, match=r"has 1 relation that this network was not built for: 'hates'\. It knows 'knows', "
    ):
        network.on(make_graph([("x", "hates", "y"), ("x", "knows", "y")]))
    wider = PathNetwork(make_graph([("a", "knows", "b")]), dim=4, layers=1, relations=["likes", "knows"])
    assert wider.on(make_graph([("x", "likes", "y")])).steps.tolist() == [0, 2]
    with pytest.raises(ValueError, match=r"1 relation that this network was not built for: 'knows'"):
        PathNetwork(make_graph([("a", "knows", "b")]), relations=["likes"])


def test_wrong_arguments_are_answered() -> None:
    graph = make_graph([("a", "knows", "b")])
    empty = Split(graph, graph.triples[:0], graph.triples, graph.triples[:0])
    with pytest.raises(ValueError, match=r"'graph' has no facts to pass messages over\. Check len\(split\.train\)"):
        PathNetwork(empty)
    with pytest.raises(
        ValueError, match=r"layers=0 came\. It must be a whole number from 1 to below 100; type layers=6"
    ):
        PathNetwork(graph, layers=0)
