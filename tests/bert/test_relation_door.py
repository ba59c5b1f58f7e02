"""The relation door does to linked pairs what its formula says, one pair at a time, and nothing to the rest."""

from __future__ import annotations

import pytest
import torch

import kgwb
from kgwb.bert import encode_sentences, find_mentions
from kgwb.bert.doors.relation import group_pairs
from kgwb.bert.trace import Record, Trace

TEXTS = ["Paris is the capital of France, and Lyon is a city in France.", "New York, twin of York, is no Paris."]
HEADS, PART, LAYER = 12, 32, 2


@pytest.mark.parametrize("control", [None, "matched"])
@pytest.mark.parametrize("how", ["keys and values", "bias"])
@torch.no_grad()
def test_scores_and_output_are_those_of_a_loop_over_pairs(bert, vectors, set_gates, how, control):
    model = set_gates(kgwb.inject(bert, vectors, mode="relation", how=how, control=control), 0.5)
    [door], draw = model.injector.doors, torch.Generator().manual_seed(0)
    encoding = encode_sentences(model, TEXTS, mentions=find_mentions(TEXTS, vectors.graph, model.tokenizer))
    trace = Trace(encoding, record=Record(), prepared={door: door.prepare(encoding)})
    size = (*encoding.pieces.shape, HEADS)
    query = torch.randn(size[0], HEADS, size[1], PART, generator=draw)
    scores, output = torch.randn(size[0], HEADS, size[1], size[1], generator=draw), torch.zeros_like(query)
    expected, gathered = scores.clone(), output.clone()
    weights, gate = scores.softmax(-1), door.gates[LAYER].factor
    kinds = list_kinds(model.injector, encoding)
    for (s, q, k), kind in kinds.items():
        if how == "bias":
            expected[s, :, q, k] += gate * door.bias[LAYER][kind]
            continue
        key, value = (maps[LAYER](door.relations[kind]).view(HEADS, PART) for maps in (door.keys, door.values))
        expected[s, :, q, k] += gate * (query[s, :, q] * key).sum(-1) / PART**0.5
        gathered[s, :, q] += gate * weights[s, :, q, k, None] * value
    torch.testing.assert_close(door.change_scores(LAYER, query, scores, trace), expected)
    torch.testing.assert_close(door.change_output(LAYER, query, scores, weights, output, trace)[1], gathered)
    here = torch.zeros(size[:2], dtype=torch.bool)
    here[[s for s, _, _ in kinds], [q for _, q, _ in kinds]] = True
    assert torch.equal(door.enters_at(encoding), here)
    torch.testing.assert_close(trace.record.gates["relation"][LAYER + 1], here * gate)


def list_kinds(injector, encoding) -> dict[tuple[int, int, int], int]:
    """The relation and direction of each linked pair of pieces, from the facts themselves."""
    kinds: dict[tuple[int, int, int], int] = {}
    for s, row in enumerate(encoding.entities.tolist()):
        for q, one in enumerate(row):
            for k, other in enumerate(row):
                if one < 0 or other < 0 or one == other:
                    continue
                if injector.control == "matched":
                    kinds[s, q, k] = 0
                    continue
                for head, relation, tail in injector.graph.triples.tolist():
                    if (one, other) == (head, tail):
                        kinds[s, q, k] = relation
                    elif (one, other) == (tail, head):
                        kinds[s, q, k] = relation + len(injector.graph.relations)
    return kinds


def test_pairs_fall_into_groups_and_groups_to_queries():
    pairs = torch.tensor([[0, 1, 3], [0, 1, 4], [0, 1, 6], [1, 2, 0], [1, 0, 2]])
    links = group_pairs(pairs, torch.tensor([5, 5, 7, 5, 9]), length=8)
    assert len(links) == 5 and links.present.tolist() == [5, 7, 9]
    assert links.present[links.kinds[links.groups]].tolist() == [5, 5, 7, 5, 9]
    owners = links.owners[links.groups]
    assert links.query_sentences[owners].tolist() == pairs[:, 0].tolist()
    assert links.query_pieces[owners].tolist() == pairs[:, 1].tolist()
    assert len(links.kinds) == 4 and len(links.query_pieces) == 3


def test_no_pair_is_no_link():
    links = group_pairs(torch.zeros(0, 3, dtype=torch.int64), torch.zeros(0, dtype=torch.int64), length=8)
    assert len(links) == len(links.present) == len(links.query_pieces) == 0
