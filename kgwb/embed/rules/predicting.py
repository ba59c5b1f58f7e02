"""A question with one part missing, and the best answers of anything that scores answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.partial_triple import COLUMN_OF, PartialTriple
from kgwb.embed.ranking.answers import ScoresAnswers, prepare_answers


def score_question(scored: GraphEmbedding | ScoresAnswers, question: PartialTriple) -> torch.Tensor:
    """The score of every candidate for the missing part."""
    head, relation, tail = question.triple.tolist()
    score_answers, device = prepare_answers(scored)
    asks_relation = question.missing == "relation"
    relations = np.arange(len(scored.graph.relations)) if asks_relation else np.array([relation])
    known = np.full(len(relations), tail if question.missing == "head" else head)
    tails = 0 if question.missing == "head" else len(known)
    scores = score_answers(torch.from_numpy(known).to(device), torch.from_numpy(relations).to(device), tails)
    return scores[:, tail] if asks_relation else scores[0]


def list_answers(
    scored: GraphEmbedding | ScoresAnswers, question: PartialTriple, *, k: int
) -> tuple[pd.DataFrame, list[tuple[int, int, int]]]:
    """The best answers, and the triple that each of them makes."""
    scores = score_question(scored, question)
    found = question.list_best(scores, k=k, known=True, candidates=None)
    triples = np.repeat(question.triple[None], len(found), axis=0)
    triples[:, COLUMN_OF[question.missing]] = scores.topk(len(found)).indices.cpu().numpy()  # in the same order
    return found, [(head, relation, tail) for head, relation, tail in triples.tolist()]
