"""Scores of all pairs of some heads and tails in one relation, block by block: by a ranker, and by counts alone."""

from __future__ import annotations

import numpy as np
import torch

from kgwb.axes import Int, Tensor
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once
from kgwb.embed.ranking.answers import Ranker, prepare_answers
from kgwb.embed.ranking.best_triples import PairScores
from kgwb.embed.ranking.counting import rows_at_once
from kgwb.embed.scorers.measure import Comparison
from kgwb.embed.vectors import Vectors


def score_ends(ranker: Ranker, memory: int | float) -> tuple[PairScores, torch.device]:
    """What scores blocks of pairs, and where; whatever is no embedding scores all tails of a head, then few are kept."""
    if isinstance(ranker, GraphEmbedding):
        return _compare_pairs(encode_once(ranker)), ranker.device
    score_answers, device = prepare_answers(ranker)
    entities = len(ranker.graph.entities)
    rows = rows_at_once(entities, memory, device)

    def score(heads: Int[np.ndarray, " head"], relation: int, tails: Int[np.ndarray, " tail"]) -> Tensor:
        known, some = torch.from_numpy(heads).to(device), torch.from_numpy(tails).to(device)
        found = []
        for part in known.split(rows):
            scores = score_answers(part, torch.full_like(part, relation), len(part))  # [head, entity]
            found.append(scores if len(tails) == entities else scores.index_select(1, some))
        return found[0] if len(found) == 1 else torch.cat(found)

    return score, device


def _compare_pairs(vectors: Vectors) -> PairScores:
    score_all, device, entities = vectors.prepare_answers(), vectors.entities.device, vectors.entities
    last: tuple[Int[np.ndarray, " tail"], Comparison] | None = (
        None  # a relation's tails come with each block of its heads
    )

    def score(heads: Int[np.ndarray, " head"], relation: int, tails: Int[np.ndarray, " tail"]) -> Tensor:
        nonlocal last
        known = torch.from_numpy(heads).to(device)
        asked = torch.full_like(known, relation)
        if len(tails) == len(entities):
            return score_all(known, asked, tails=len(known))
        if last is None or last[0] is not tails:
            some = entities.index_select(0, torch.from_numpy(tails).to(device))
            last = tails, vectors.scorer.against(some)
        return last[1](vectors.query(known, asked, tails=len(known)))

    return score


def count_ends(train: Int[np.ndarray, "fact 3"], entities: int) -> PairScores:
    """What counts alone expect: facts of the head in the relation times those of the tail, over those of the relation."""

    def score(heads: Int[np.ndarray, " head"], relation: int, tails: Int[np.ndarray, " tail"]) -> Tensor:
        facts = train[train[:, 1] == relation]
        by_head, by_tail = (torch.from_numpy(np.bincount(facts[:, column], minlength=entities)) for column in (0, 2))
        return torch.outer(by_head[heads].double(), by_tail[tails].double()) / max(1, len(facts))

    return score
