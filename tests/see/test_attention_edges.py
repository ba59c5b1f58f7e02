"""Attention along the graph's edges: linked pairs of mentions beside pairs as far apart, and how they are drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Reading, score_links
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.see.attention.view import show_attention

Make = Callable[..., Reading]


def _name_pairs(make_reading: Make) -> tuple[Reading, KnowledgeGraph]:
    """Six sentences of four mentions each, of which a chain of facts links some."""
    facts = pd.DataFrame(
        [["e0", "r", "e1"], ["e1", "r", "e2"], ["e3", "s", "e0"]], columns=["head", "relation", "tail"]
    )
    graph = KnowledgeGraph.from_pandas(facts)
    reading = make_reading(*[[f"w{i}" for i in range(11)]] * 6, seed=4)
    draw = np.random.default_rng(0)
    mentions = []
    for _ in range(6):
        starts, order = sorted(draw.choice(np.arange(1, 11, 2), 4, replace=False)), draw.permutation(4)
        mentions.append(
            tuple(
                Mention(0, 1, graph.entity_id(f"e{entity}"), "x", pieces=(int(start), int(start) + 1 + int(entity) % 2))
                for start, entity in zip(starts, order, strict=True)
            )
        )
    return replace(reading, mentions=tuple(mentions)), graph


def _list_pairs_by_hand(reading: Reading, graph: KnowledgeGraph) -> list[tuple[int, bool, np.ndarray]]:
    """Distance, link and attention [layer, head] of every ordered pair of mentions."""
    known = {(h, t) for h, _, t in graph.triples.tolist()}
    found = []
    for i, mentions in enumerate(reading.mentions):
        for one in mentions:
            for other in mentions:
                if one.entity == other.entity:
                    continue
                weight = np.zeros(reading.attention.shape[1:3])
                for query in range(*one.pieces):
                    for key in range(*other.pieces):
                        weight += reading.attention[i, :, :, query, key].double().numpy()
                linked = (one.entity, other.entity) in known or (other.entity, one.entity) in known
                found.append((other.pieces[0] - one.pieces[0], linked, weight / (one.pieces[1] - one.pieces[0])))
    return found


def test_attention_on_linked_pairs_is_compared_with_pairs_as_far_apart(make_reading: Make) -> None:
    reading, graph = _name_pairs(make_reading)
    score = score_links(reading, graph, permutations=4000, seed=1)
    pairs = _list_pairs_by_hand(reading, graph)
    by_distance: dict[int, list[tuple[bool, np.ndarray]]] = {}
    for distance, linked, weight in pairs:
        by_distance.setdefault(distance, []).append((linked, weight))
    telling = {d: each for d, each in by_distance.items() if 0 < sum(linked for linked, _ in each) < len(each)}
    seen = [weight for each in telling.values() for linked, weight in each if linked]
    assert score.pairs == len(seen) and score.left_out == sum(linked for _, linked, _ in pairs) - len(seen)
    matched = sum(
        sum(linked for linked, _ in each) * np.mean([weight for linked, weight in each if not linked], axis=0)
        for each in telling.values()
    ) / len(seen)
    np.testing.assert_allclose(score.linked[:, :3], np.mean(seen, axis=0))
    np.testing.assert_allclose(score.matched[:, :3], matched)
    np.testing.assert_allclose(score.linked[:, 3], np.mean(seen, axis=(0, 2)))
    draw, totals = random.Random(0), []
    for _ in range(4000):  # the permutation test by hand: links permuted within each distance
        total = np.zeros((2, 3))
        for each in telling.values():
            for _, weight in draw.sample(each, sum(linked for linked, _ in each)):
                total += weight
        totals.append(total / len(seen))
    p_value = (1 + (np.array(totals) >= np.mean(seen, axis=0) - 1e-12).sum(0)) / 4001
    np.testing.assert_allclose(score.p_value[:, :3], p_value, atol=0.035)
    np.testing.assert_allclose(score.twin[:, :3], np.mean(totals, axis=0), atol=0.004)
    np.testing.assert_allclose(score.twin_spread[:, :3], np.std(totals, axis=0), rtol=0.1)


def test_attention_that_only_follows_edges_is_found(make_reading: Make) -> None:
    reading, graph = _name_pairs(make_reading)
    attention = torch.zeros_like(reading.attention)
    known = {(h, t) for h, _, t in graph.triples.tolist()}
    for i, mentions in enumerate(reading.mentions):
        for one in mentions:
            for other in mentions:
                if {(one.entity, other.entity), (other.entity, one.entity)} & known:
                    attention[i, :, :, slice(*one.pieces), slice(*other.pieces)] = 0.2
    score = score_links(replace(reading, attention=attention), graph, permutations=500)
    assert (score.linked > 0.15).all() and (score.matched == 0).all() and (score.p_value < 0.01).all()


def test_without_pairs_to_compare_with_nothing_is_claimed(pair: tuple[Reading, Reading]) -> None:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([["a", "r", "b"]], columns=["head", "relation", "tail"]))
    score = score_links(pair[1], graph, permutations=10)
    assert (score.pairs, score.left_out) == (0, 0) and np.isnan(score.linked).all()
    assert show_attention(*pair, graph=graph).state["links"] == []


def test_edges_between_mentions_travel_and_are_drawn_in_blue(make_reading: Make) -> None:
    reading, graph = _name_pairs(make_reading)
    view = show_attention(reading, graph=graph)
    edges = view.state["sentences"][0]["edges"]
    spans = view.state["sentences"][0]["spans"]
    known = {frozenset((h, t)) for h, _, t in graph.triples.tolist()}
    linked = {frozenset((spans[edge["one"]]["entity"], spans[edge["other"]]["entity"])) for edge in edges}
    assert linked == known
    assert any(edge["text"] == "e3 · s · e0" for edge in edges)
    assert view.picture.count('class="line-edge"') == len(edges)
    assert "along the graph" in view.picture
    before, after = (view.state["links"][0]["figures"][name] for name in ("shape", "dtype"))
    assert (before, after) == ([2, 4, 3], "float32")
