"""A checkpoint is taken up only by the run it is of: every option of every part, changed by one, is refused by name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, TransE, train_embedding
from kgwb.embed.encoders.affine_encoder import AffineEncoder
from kgwb.embed.encoders.composition_convolution import CompositionConvolution
from kgwb.embed.encoders.encoder import EncoderChain
from kgwb.embed.encoders.literal_encoder import LiteralEncoder
from kgwb.embed.encoders.relational_convolution import RelationalConvolution
from kgwb.embed.encoders.variational_encoder import VariationalEncoder
from kgwb.embed.training.adversary import AdversarialNegatives
from kgwb.graph import KnowledgeGraph, Split

# What may differ without another end: where the run is kept, how often, how much memory, and until when.
FREE = {"embedding", "split", "checkpoint", "checkpoint_every", "memory", "shard", "epochs"}
# Each option of train_embedding, and another value than the usual one.
OPTIONS: dict[str, dict[str, Any]] = {
    "negatives": {"negatives": 9},
    "batch": {"batch": 31},
    "learning_rate": {"learning_rate": 0.2},
    "optimizer": {"optimizer": "adam"},
    "loss": {"loss": "self-adversarial"},
    "margin": {"margin": 2.0},
    "temperature": {"temperature": 2.0},
    "regularisation": {"regularisation": 0.1},
    "weight_decay": {"weight_decay": 0.1},
    "dropout": {"dropout": 0.1},
    "relation_weight": {"relation_weight": 0.5},
    "reciprocal": {"reciprocal": True},
    "warm_up": {"warm_up": 1},
    "cool_down": {"cool_down": 1},
    "plateau": {"plateau": 1, "evaluate_every": 1},
    "patience": {"patience": 1, "evaluate_every": 1},
    "seed": {"seed": 1},
    "evaluate_every": {"evaluate_every": 1},
    "evaluate_on": {"evaluate_on": 9},
    "precision": {"precision": "bfloat16"},
    "weights": {"weights": [1.0] * 199 + [2.0]},
}


def test_no_option_is_forgotten() -> None:
    assert set(inspect.signature(train_embedding).parameters) == FREE | set(OPTIONS)


def _begin(folder: Path, split: Split | KnowledgeGraph, **given: Any) -> None:
    names = {"dim": 8, "seed": 0} | {name: given.pop(name) for name in ("dim", "encoder") if name in given}
    names["seed"] = given.pop("embedding_seed", 0)
    graph = split.graph if isinstance(split, Split) else split
    numbers = given.pop("numbers", torch.float32)
    embedding = GraphEmbedding(graph, given.pop("scorer", DistMult()), **names).to(numbers)
    options = {"epochs": 1, "batch": 30, "precision": "float32", "checkpoint": folder} | given
    for _ in train_embedding(embedding, split, **options):
        pass


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_training(name: str, split: Split, tmp_path: Path) -> None:
    _begin(tmp_path, split)
    with pytest.raises(
        ValueError, match=rf"of a run with .*\b{name}=.* but .*\b{name}=.* came\. .*or type checkpoint="
    ):
        _begin(tmp_path, split, **OPTIONS[name])


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("dim", {}, {"dim": 9}),
        ("scorer", {"scorer": TransE()}, {"scorer": TransE(norm=1)}),
        ("scorer", {}, {"scorer": ComplEx()}),
        ("numbers", {}, {"numbers": torch.float64}),
        ("embedding seed", {}, {"embedding_seed": 1}),
    ],
)
def test_the_embedding(name: str, first: dict[str, Any], second: dict[str, Any], split: Split, tmp_path: Path) -> None:
    _begin(tmp_path, split, **first)
    with pytest.raises(ValueError, match=rf"of a run with .*{name}=.* but .*{name}=.* came\. Give the graph and"):
        _begin(tmp_path, split, **second)


def test_the_triples_that_evaluations_go_by(split: Split, tmp_path: Path) -> None:
    options = {"evaluate_every": 1, "patience": 2}
    _begin(tmp_path, split, **options)
    for valid, test in ((split.valid[1:], split.test), (split.valid, split.test[1:])):
        with pytest.raises(ValueError, match=r"of a run with valid='.*', but valid='.*' came"):
            _begin(tmp_path, Split(split.graph, split.train, valid, test), **options)


def test_the_vectors_that_it_began_with(split: Split, tmp_path: Path) -> None:
    def begin(value: float, *, is_imported: bool) -> GraphEmbedding:
        embedding = GraphEmbedding(split.graph, DistMult(), dim=8)
        torch.nn.init.constant_(embedding.entity_table[3], value)
        embedding.trained_on |= is_imported  # as `read_vectors` leaves them
        return embedding

    for is_imported in (False, True):
        folder, options = tmp_path / str(is_imported), {"batch": 30, "precision": "float32"}
        first = begin(1.0, is_imported=is_imported)
        for epochs in (1, 2):  # under way, it goes on
            for _ in train_embedding(first, split, epochs=epochs, checkpoint=folder, **options):
                pass
        again = begin(1.0, is_imported=is_imported)
        assert not list(train_embedding(again, split, epochs=2, checkpoint=folder, **options))
        assert again.entity_table.equal(first.entity_table)
        with pytest.raises(ValueError, match=r"of an embedding that began with other vectors than this one\. Give"):
            train_embedding(begin(2.0, is_imported=is_imported), split, epochs=2, checkpoint=folder, **options)


class Same(nn.Module):
    """An encoder of somebody's own."""

    def __init__(self, table: object = None, change: Callable[..., Any] = torch.relu) -> None:
        super().__init__()
        self.table, self.change = table, change

    def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return entities, relations


class Other(Same):
    """Another one."""


Make = Callable[[Split], nn.Module]
ENCODERS: dict[str, tuple[Make, Make]] = {
    "encoder.composition": (
        lambda split: CompositionConvolution(split, dim=8),
        lambda split: CompositionConvolution(split, dim=8, composition="subtraction"),
    ),
    "encoder.dropout": (
        lambda split: CompositionConvolution(split, dim=8),
        lambda split: CompositionConvolution(split, dim=8, dropout=0.2),
    ),
    "encoder.draws.seed": (
        lambda split: RelationalConvolution(split, dim=8),
        lambda split: RelationalConvolution(split, dim=8, seed=1),
    ),
    "encoder.tails.gather.forward_columns": (  # built on the whole graph instead of the split
        lambda split: RelationalConvolution(split, dim=8),
        lambda split: RelationalConvolution(split.graph, dim=8),
    ),
    "encoder.bases": (
        lambda split: RelationalConvolution(split, dim=8),
        lambda split: RelationalConvolution(split, dim=8, bases=3),
    ),
    "encoder.weight": (
        lambda split: VariationalEncoder(split, dim=8),
        lambda split: VariationalEncoder(split, dim=8, weight=0.2),
    ),
    "encoder.encoders.1.dropout": (
        lambda split: EncoderChain(AffineEncoder(dim=8), RelationalConvolution(split, dim=8)),
        lambda split: EncoderChain(AffineEncoder(dim=8), RelationalConvolution(split, dim=8, dropout=0.1)),
    ),
    "encoder.encoders.1": (
        lambda split: EncoderChain(AffineEncoder(dim=8)),
        lambda split: EncoderChain(AffineEncoder(dim=8), AffineEncoder(dim=8)),
    ),
    "encoder": (lambda split: Same(), lambda split: Other()),
    "encoder.table": (
        lambda split: Same({"a": [torch.ones(2), pd.DataFrame({"x": [1]})]}),
        lambda split: Same({"a": [torch.ones(2), pd.DataFrame({"x": [2]})]}),
    ),
    "encoder.change": (lambda split: Same(), lambda split: Same(change=torch.tanh)),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_option_of_an_encoder(name: str, split: Split, tmp_path: Path) -> None:
    first, second = ENCODERS[name]
    _begin(tmp_path, split, encoder=first(split))
    _begin(tmp_path, split, encoder=first(split))  # made anew, the same one goes on
    with pytest.raises(
        ValueError, match=rf"of a run with .*{re.escape(name)}=.* came\. Give the graph and the embedding"
    ):
        _begin(tmp_path, split, encoder=second(split))


def test_the_numbers_that_an_encoder_reads(split: Split, tmp_path: Path) -> None:
    def make(split: Split, extra: float) -> nn.Module:
        table = split.graph.entities.assign(
            size=[float(i % 7) + extra * (i == 3) for i in range(len(split.graph.entities))]
        )
        graph = KnowledgeGraph.from_pandas(split.graph.to_pandas(), table)
        return LiteralEncoder(graph, dim=8)

    _begin(tmp_path, split, encoder=make(split, 0))
    with pytest.raises(ValueError, match=r"of a run with .*encoder\.literals\.forward_weights=.* came"):
        _begin(tmp_path, split, encoder=make(split, 0.5))


@pytest.mark.parametrize("options", [{"seed": 1}, {"pool": 30}, {"dim": 5}, {"learning_rate": 0.3}])
def test_an_option_of_learning_negatives(options: dict[str, Any], split: Split, tmp_path: Path) -> None:
    _begin(tmp_path, split, negatives=AdversarialNegatives(split.graph, 5))
    name = next(iter(options))
    with pytest.raises(ValueError, match=rf"of a run with .*negatives\.{name}=.* but .*negatives\.{name}=.* came"):
        _begin(tmp_path, split, negatives=AdversarialNegatives(split.graph, 5, **options))
