"""An encoder written outside the package: TuckER, whose relations share a core tensor, is RESCAL behind one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import kgwb
from kgwb.embed import RESCAL, GraphEmbedding
from kgwb.graph import Split

DIM, WIDTH = 16, 4


class CoreTensor(nn.Module):
    """Relation r becomes the matrix Σ_k r_k W_k: score = W ×₁ h ×₂ r ×₃ t (Balažević et al., 2019, "TuckER").

    r is the first `width` numbers of the relation's row; RESCAL reads the whole row, dim² numbers, as its matrix.
    """

    def __init__(self, *, dim: int, width: int, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.core = nn.Parameter(torch.randn(width, dim * dim, generator=generator))

    def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return entities, relations[:, : len(self.core)] @ self.core


@pytest.fixture(scope="module")
def fresh(split: Split) -> GraphEmbedding:
    return GraphEmbedding(split.graph, RESCAL(), dim=DIM, encoder=CoreTensor(dim=DIM, width=WIDTH))


@pytest.fixture(scope="module")
def trained(split: Split) -> GraphEmbedding:
    encoder = CoreTensor(dim=DIM, width=WIDTH)
    vectors = GraphEmbedding(split.graph, RESCAL(), dim=DIM, encoder=encoder)
    before = encoder.core.detach().clone()
    for _ in kgwb.train_embedding(vectors, split, epochs=40, batch=50, reciprocal=True):
        pass
    assert not encoder.core.equal(before)
    return vectors


def test_its_score_is_the_sum_over_the_core(trained: GraphEmbedding) -> None:
    head, relation, tail = torch.tensor(trained.graph.triples[:30]).T
    core = trained.encoder.core.view(WIDTH, DIM, DIM)
    entities, mixtures = trained.entity_table, trained.relation_table[:, :WIDTH]
    right = torch.einsum("kij,ni,nk,nj->n", core, entities[head], mixtures[relation], entities[tail])
    found = trained.score(torch.stack([head, relation, tail], 1))
    torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-5)


def test_all_relations_are_mixtures_of_as_many_matrices_as_the_core_is_wide(trained: GraphEmbedding) -> None:
    made = torch.cat([trained.encode().relations, trained.encode().inverses])
    assert torch.linalg.matrix_rank(made.detach(), rtol=1e-4) <= WIDTH < len(made)


def test_it_learns_ranks_and_comes_back(
    trained: GraphEmbedding, fresh: GraphEmbedding, split: Split, tmp_path: Path
) -> None:
    before, after = (kgwb.rank_triples(v, split.train, known=split.known).mrr for v in (fresh, trained))
    assert after > max(2 * before, 0.3)
    back = kgwb.load_embedding(
        trained.save(tmp_path / "vectors")
    )  # what the encoder made stands in the relations' place
    ranks = [kgwb.rank_triples(v, split.test, known=split.known).ranks for v in (trained, back)]
    assert (ranks[0] == ranks[1]).all()
