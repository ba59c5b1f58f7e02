"""Scorers written outside the package, as in a notebook: they train, rank, predict, are saved and come back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import kgwb
from kgwb.embed import DistMult, EmbeddingFileError, GraphEmbedding, Scorer, preset
from kgwb.embed.embedding_files import digest_facts
from kgwb.graph import KnowledgeGraph, Split


class SimplE(kgwb.embed.Scorer):
    """Every entity twice, once as head and once as tail: score = ½ (⟨h₁, r₁, t₂⟩ + ⟨t₁, r₂, h₂⟩), Kazemi & Poole, 2018."""

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        (as_head, as_tail), (forward, backward) = head.chunk(2, -1), relation.chunk(2, -1)
        return torch.cat([as_tail * backward, as_head * forward], -1) / 2

    def query_head(self, relation: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        (as_head, as_tail), (forward, backward) = tail.chunk(2, -1), relation.chunk(2, -1)
        return torch.cat([forward * as_tail, backward * as_head], -1) / 2


@dataclass(frozen=True)
class Tucker(Scorer):
    """score = Σ_ijk W_ijk hᵢ rⱼ tₖ with a core W that is drawn once instead of learnt (after Balažević et al., 2019)."""

    width: int = 4
    seed: int = 0

    def relation_width(self, dim: int) -> int:
        return self.width

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ijk,...i,...j->...k", self._core(head), head, relation)

    def query_head(self, relation: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ijk,...j,...k->...i", self._core(tail), relation, tail)

    def start_entities(self, count: int, dim: int, generator: torch.Generator) -> torch.Tensor:
        return 0.3 * torch.randn(count, dim, generator=generator)

    def start_relations(self, count: int, dim: int, generator: torch.Generator) -> torch.Tensor:
        return 0.3 * torch.randn(count, self.width, generator=generator)

    def _core(self, vectors: torch.Tensor) -> torch.Tensor:
        dim = vectors.shape[-1]
        return torch.randn(dim, self.width, dim, generator=torch.Generator().manual_seed(self.seed)) / dim


@dataclass(frozen=True)
class Weighted(DistMult):
    """DistMult whose relations count for more or less."""

    weight: float = 1.0

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        return self.weight * super().query_tail(head, relation)

    def query_head(self, relation: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        return self.weight * super().query_head(relation, tail)


class Mine(DistMult):
    """DistMult under another name."""


OWN = [SimplE(), Tucker(width=6), Weighted(weight=0.5), Mine()]


@pytest.fixture(scope="module", params=OWN, ids=repr)
def trained(request: pytest.FixtureRequest, split: Split) -> GraphEmbedding:
    vectors = GraphEmbedding(split.graph, request.param, dim=32)
    for _ in kgwb.train_embedding(vectors, split, epochs=40, batch=50):
        pass
    return vectors


def test_the_score_is_the_entry_in_the_row_of_all_tails_and_of_all_heads(trained: GraphEmbedding) -> None:
    triples = torch.tensor(trained.graph.triples[:30])
    score, place = trained.score(triples), torch.arange(30)
    torch.testing.assert_close(trained.score_tails(triples)[place, triples[:, 2]], score)
    torch.testing.assert_close(trained.score_heads(triples)[place, triples[:, 0]], score)


def test_it_learns_ranks_and_predicts(trained: GraphEmbedding, split: Split) -> None:
    fresh = GraphEmbedding(split.graph, trained.scorer, dim=32)
    before, after = (kgwb.rank_triples(v, split.train, known=split.known).mrr for v in (fresh, trained))
    assert after > max(2 * before, 0.3)
    assert len(trained.predict(head="place 03", relation="in_region", k=3)) == 3


def test_it_is_saved_and_comes_back(trained: GraphEmbedding, split: Split, tmp_path: Path) -> None:
    folder = trained.save(tmp_path / "vectors")
    back = kgwb.load_embedding(folder, scorer=trained.scorer)
    assert back.scorer == trained.scorer and back.entity_vectors().equal(trained.entity_vectors())
    ranks = [kgwb.rank_triples(v, split.test, known=split.known).ranks for v in (trained, back)]
    assert (ranks[0] == ranks[1]).all()


def test_without_its_class_the_error_says_what_to_type(trained: GraphEmbedding, tmp_path: Path) -> None:
    folder = trained.save(tmp_path / "vectors")
    with pytest.raises(EmbeddingFileError) as caught:
        kgwb.load_embedding(folder)
    assert f"was saved with the scorer {trained.scorer!r}, a class that is not kgwb's" in str(caught.value)
    assert str(caught.value).endswith(f"type kgwb.load_embedding({str(folder)!r}, scorer={trained.scorer!r}).")


@pytest.mark.parametrize(
    ("saved", "given", "message"),
    [
        (
            Mine(),
            SimplE(),
            r"with the scorer Mine\(\), but SimplE\(\) came\. Type kgwb\.load_embedding\(.*Mine\(\)\)\.",
        ),
        (Mine(), DistMult(), r"with the scorer Mine\(\), but DistMult\(\) came\."),
        (DistMult(), Mine(), r"with the scorer DistMult\(\), but Mine\(\) came\."),
        (
            Weighted(weight=2.0),
            Weighted(),
            r"with the scorer Weighted\(weight=2\.0\), but Weighted\(weight=1\.0\) came\.",
        ),
    ],
)
def test_a_scorer_that_does_not_fit_is_refused(
    graph: KnowledgeGraph, saved: Scorer, given: Scorer, message: str, tmp_path: Path
) -> None:
    folder = GraphEmbedding(graph, saved, dim=4).save(tmp_path / "vectors")
    with pytest.raises(EmbeddingFileError, match=message):
        kgwb.load_embedding(folder, scorer=given)


def test_one_of_kgwbs_may_be_given_too(graph: KnowledgeGraph, tmp_path: Path) -> None:
    folder = GraphEmbedding(graph, DistMult(), dim=4).save(tmp_path / "vectors")
    assert kgwb.load_embedding(folder, graph, scorer=DistMult()).scorer == DistMult()


def test_one_that_another_kgwb_had_may_be_given(graph: KnowledgeGraph, tmp_path: Path) -> None:
    folder = GraphEmbedding(graph, Mine(), dim=4).save(tmp_path / "vectors")
    facts = json.loads((folder / "embedding.json").read_text(encoding="utf-8"))
    del facts["scorer"]["own"], facts["sha256"]
    facts["sha256"] = digest_facts(facts)
    (folder / "embedding.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(EmbeddingFileError, match=r"pip install kgwb==.*; if it is yours, type kgwb\.load_embedding"):
        kgwb.load_embedding(folder)
    assert kgwb.load_embedding(folder, scorer=Mine()).scorer == Mine()


def test_one_that_takes_the_name_of_kgwbs_is_not_mistaken_for_it(graph: KnowledgeGraph, tmp_path: Path) -> None:
    impostor = type("ComplEx", (DistMult,), {})()
    folder = GraphEmbedding(graph, impostor, dim=4).save(tmp_path / "vectors")
    assert json.loads((folder / "embedding.json").read_text(encoding="utf-8"))["scorer"]["own"]
    with pytest.raises(EmbeddingFileError, match=r"a class that is not kgwb's"):
        kgwb.load_embedding(folder)


def test_a_field_that_json_cannot_hold_is_named_before_anything_is_written(
    graph: KnowledgeGraph, tmp_path: Path
) -> None:
    @dataclass(frozen=True, eq=False)
    class Heavy(DistMult):
        core: torch.Tensor

    with pytest.raises(ValueError, match=r"cannot be saved, because JSON cannot hold one of its fields .*of Heavy\."):
        GraphEmbedding(graph, Heavy(torch.zeros(1)), dim=4).save(tmp_path / "vectors")
    assert not list(tmp_path.iterdir())


def test_settings_are_there_for_kgwbs_own_only() -> None:
    with pytest.raises(ValueError, match=r"scorer='mine' came\. Type one of 'complex', "):
        preset("mine")
