"""Encoders: untouched until trained, deaf to the test triples, equal to an independent library or to brute force."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, RotatE, load_embedding, rank_triples, train_embedding
from kgwb.embed.encoders.affine_encoder import AffineEncoder
from kgwb.embed.encoders.composition_convolution import CompositionConvolution
from kgwb.embed.encoders.encoder import EncoderChain
from kgwb.embed.encoders.literal_encoder import LiteralEncoder
from kgwb.embed.encoders.message_passing import plan_messages
from kgwb.embed.encoders.relational_convolution import RelationalConvolution
from kgwb.embed.encoders.variational_encoder import VariationalEncoder
from kgwb.embed.scorers.rescal import RESCAL
from kgwb.graph import KnowledgeGraph, Split

DIM = 8
ENCODERS: dict[str, Callable[[Split], nn.Module]] = {  # a new encoder is tested by being listed
    "relational": lambda split: RelationalConvolution(split, dim=DIM),
    "multiplication": lambda split: CompositionConvolution(split, dim=DIM),
    "subtraction": lambda split: CompositionConvolution(split, dim=DIM, composition="subtraction"),
    "correlation": lambda split: CompositionConvolution(split, dim=DIM, composition="correlation"),
    "variational": lambda split: VariationalEncoder(split, dim=DIM),
    "affine": lambda split: AffineEncoder(dim=DIM),
    "literal": lambda split: LiteralEncoder(split, dim=DIM, columns=["label"]),
    "chain": lambda split: EncoderChain(AffineEncoder(dim=DIM), VariationalEncoder(split, dim=DIM)),
}


@pytest.fixture(params=ENCODERS.values(), ids=ENCODERS)
def make(request: pytest.FixtureRequest) -> Callable[[Split], nn.Module]:
    return request.param


def _tables(split: Split, *, inverses: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    relations = len(split.graph.relations) * (2 if inverses else 1)
    entities = torch.randn(len(split.graph.entities), DIM, generator=generator)
    return entities, torch.randn(relations, DIM, generator=generator)


def _shake(encoder: nn.Module) -> nn.Module:
    """Weights as after some training: none of them zero."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator))
    return encoder


def _torch_geometric() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it compiles with torch.jit while it is imported
        return pytest.importorskip("torch_geometric.nn", reason="pip install torch_geometric==2.8.1")


@pytest.mark.parametrize("inverses", [False, True])
def test_a_fresh_encoder_changes_nothing(make: Callable, split: Split, *, inverses: bool) -> None:
    entities, relations = _tables(split, inverses=inverses)
    seen, by = make(split).eval()(entities, relations)
    assert torch.equal(seen, entities)
    assert torch.equal(by, relations)


def test_shapes_stay_and_gradients_reach_every_weight(make: Callable, split: Split) -> None:
    encoder = _shake(make(split))
    entities, relations = (table.requires_grad_() for table in _tables(split, inverses=True))
    seen, by = encoder(entities, relations)
    assert (seen.shape, by.shape) == (entities.shape, relations.shape)
    (seen.square().sum() + by.square().sum()).backward()
    for name, weight in [("entities", entities), *encoder.named_parameters()]:
        assert weight.grad is not None and weight.grad.isfinite().all() and weight.grad.any(), name


def test_the_first_step_already_moves_a_fresh_encoder(make: Callable, split: Split) -> None:
    encoder = make(split)
    encoder(*_tables(split, inverses=True))[0].pow(3).sum().backward()
    assert any(weight.grad is not None and weight.grad.any() for weight in encoder.parameters())


def test_other_test_triples_change_nothing(make: Callable, split: Split) -> None:
    other = split.test.copy()
    other[:, 2] = (other[:, 2] + 1) % len(split.graph.entities)
    graph = copy.copy(split.graph)
    object.__setattr__(graph, "triples", np.unique(np.concatenate([split.train, split.valid, other]), axis=0))
    changed = Split(graph, split.train, split.valid[:3], other)
    tables = _tables(split)
    before, after = (_shake(make(which)).eval()(*tables) for which in (split, changed))
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])


def test_one_seed_draws_the_same_numbers_and_goes_on_with_them_after_a_stop(make: Callable, split: Split) -> None:
    tables, whole, stopped = _tables(split), _shake(make(split)), _shake(make(split))
    first = [whole(*tables)[0] for _ in range(3)]
    assert torch.equal(stopped(*tables)[0], first[0])
    later = make(split)
    later.load_state_dict(stopped.state_dict())
    assert torch.equal(later(*tables)[0], first[1])
    assert torch.equal(copy.deepcopy(later)(*tables)[0], first[2])


def test_ranking_draws_nothing(make: Callable, split: Split) -> None:
    encoder = _shake(make(split))
    with torch.no_grad():  # even where eval was not called
        assert torch.equal(encoder(*_tables(split))[0], encoder(*_tables(split))[0])


@pytest.mark.parametrize("scorer", [DistMult(), ComplEx()], ids=repr)
def test_an_encoder_learns_and_harms_nothing(make: Callable, split: Split, *, scorer: DistMult | ComplEx) -> None:
    plain, encoded = (GraphEmbedding(split.graph, scorer, dim=DIM, encoder=e) for e in (None, make(split)))
    options = {"epochs": 10, "batch": 100, "learning_rate": 0.1}
    for vectors in (plain, encoded):
        losses = [epoch.loss for epoch in train_embedding(vectors, split, **options)]
        assert losses[-1] < losses[0]
    before, after = (rank_triples(vectors, split.train, known=split.known).mrr for vectors in (plain, encoded))
    assert after > before - 0.2
    twin = GraphEmbedding(split.graph, scorer, dim=DIM, encoder=make(split))
    for _ in train_embedding(twin, split, **options):
        pass
    assert torch.equal(twin.entity_vectors(), encoded.entity_vectors())  # one seed, one result, to the bit


@pytest.mark.parametrize("name", ["relational", "variational", "affine", "literal"])
@pytest.mark.parametrize("scorer", [RotatE(), RESCAL()], ids=repr)
def test_relations_of_another_width_pass_through(name: str, scorer: RotatE | RESCAL, split: Split) -> None:
    vectors = GraphEmbedding(split.graph, scorer, dim=DIM, encoder=_shake(ENCODERS[name](split)))
    next(train_embedding(vectors, split, epochs=1, reciprocal=True))
    assert vectors.score_tails(split.test[:2]).isfinite().all()


def test_r_gcn_is_what_torch_geometric_computes(split: Split) -> None:
    ours = _shake(RelationalConvolution(split, dim=DIM, bases=3)).eval()
    assert isinstance(ours, RelationalConvolution)
    entities, relations = _tables(split)
    count = len(split.graph.relations)
    judge = _torch_geometric().RGCNConv(DIM, DIM, 2 * count, num_bases=3, aggr="sum", root_weight=False, bias=False)
    with torch.no_grad():
        judge.weight.copy_(ours.bases / math.sqrt(DIM))
        judge.comp.copy_(ours.mix.flatten(0, 1))
    head, relation, tail = torch.from_numpy(split.train.copy()).T
    links = torch.stack([torch.cat([head, tail]), torch.cat([tail, head])])
    received = judge(entities, links, torch.cat([relation, relation + count]))
    counts = torch.bincount(links[1], minlength=len(entities)).clamp_min(1)[:, None]
    own = entities @ ours.own / math.sqrt(DIM)
    torch.testing.assert_close(ours(entities, relations)[0], entities + (own + received / counts).tanh())


def test_vgae_receives_what_torch_geometric_does(split: Split) -> None:
    encoder = VariationalEncoder(split, dim=DIM)
    judge = _torch_geometric().GCNConv(DIM, DIM, bias=False)
    head, _, tail = torch.from_numpy(split.train.copy()).T
    links = torch.stack([torch.cat([head, tail]), torch.cat([tail, head])]).unique(dim=1)
    entities, relations = _tables(split)
    with torch.no_grad():
        judge.lin.weight.copy_(torch.randn(DIM, DIM, generator=torch.Generator().manual_seed(0)))
        encoder.to_mean.copy_(judge.lin.weight.T * math.sqrt(DIM))
    torch.testing.assert_close(encoder.eval()(entities, relations)[0], entities + judge(entities, links))


@pytest.mark.parametrize("composition", ["multiplication", "subtraction", "correlation"])
@pytest.mark.parametrize("inverses", [False, True])
def test_comp_gcn_is_its_equation_triple_by_triple(composition: str, split: Split, *, inverses: bool) -> None:
    encoder = _shake(CompositionConvolution(split, dim=DIM, composition=composition)).eval()  # type: ignore[arg-type]
    assert isinstance(encoder, CompositionConvolution)
    entities, relations = _tables(split, inverses=inverses)
    count, small = len(split.graph.relations), 1 / math.sqrt(DIM)
    received, counts = torch.zeros_like(entities), torch.zeros(len(entities), 1)
    for head, relation, tail in split.train.tolist():
        back = relation + count if inverses else relation
        for receiver, sender, by, side in ((tail, head, relation, 0), (head, tail, back, 1)):
            message = _compose(composition, entities[sender], relations[by])
            received[receiver] += message @ encoder.by_side[side] * small
            counts[receiver] += 1
    own = entities @ encoder.own * small
    seen, by_vectors = encoder(entities, relations)
    torch.testing.assert_close(seen, entities + (own + received / counts.clamp_min(1)).tanh(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(by_vectors, relations + relations @ encoder.by_relation * small)


def _compose(composition: str, neighbour: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
    if composition == "multiplication":
        return neighbour * relation
    if composition == "subtraction":
        return neighbour - relation
    return torch.stack([neighbour @ relation.roll(-shift) for shift in range(DIM)])  # Σ_i h_i r_(i+k)


def test_dropout_leaves_out_whole_neighbourhoods(split: Split) -> None:
    tails, heads = plan_messages(split)
    queries = len(np.unique(split.train[:, :2], axis=0)), len(np.unique(split.train[:, 1:], axis=0))
    assert (
        sum(heads.sizes),
        sum(tails.sizes),
    ) == queries  # what one entity receives along one relation answers one query
    encoder = _shake(RelationalConvolution(split, dim=DIM, dropout=0.9))
    entities, relations = _tables(split)
    assert not torch.equal(encoder(entities, relations)[0], encoder.eval()(entities, relations)[0])


def test_the_penalty_is_the_divergence_from_the_standard_normal(split: Split) -> None:
    encoder = _shake(VariationalEncoder(split, dim=DIM, weight=0.5))
    assert isinstance(encoder, VariationalEncoder)
    entities, relations = _tables(split)
    encoder(entities, relations)
    received = encoder.links(entities) / math.sqrt(DIM)
    spread = (encoder.spread + received @ encoder.to_spread).exp()
    cloud = torch.distributions.Normal(entities + received @ encoder.to_mean, spread)
    expected = torch.distributions.kl_divergence(cloud, torch.distributions.Normal(0.0, 1.0)).sum()
    torch.testing.assert_close(encoder.penalty(), 0.5 * expected / (2 * len(split.train)), rtol=1e-4, atol=1e-5)
    with pytest.raises(RuntimeError, match=r"no penalty before a forward pass in training\. Call the encoder first\."):
        encoder.penalty()


def test_a_chain_adds_up_the_penalties(split: Split) -> None:
    one, two = VariationalEncoder(split, dim=DIM), VariationalEncoder(split, dim=DIM)
    chain, tables = EncoderChain(one, AffineEncoder(dim=DIM), two), _tables(split)
    chain(*tables)
    parts = one._penalty, two._penalty
    assert parts[0] is not None and parts[1] is not None
    torch.testing.assert_close(chain.penalty(), parts[0] + parts[1])
    assert EncoderChain(AffineEncoder(dim=DIM)).penalty() == 0


def test_an_encoder_of_another_graph_or_width_is_named(make: Callable, split: Split) -> None:
    encoder = make(split)
    with pytest.raises(ValueError, match=r"dim=4 came, but this \w+ was built for dim=8\. Type \w+\(\.\.\., dim=4\)"):
        encoder(torch.zeros(68, 4), torch.zeros(3, 4))


@pytest.mark.parametrize("name", ["relational", "multiplication", "variational", "literal"])
def test_an_encoder_of_another_graph_is_named(name: str, split: Split) -> None:
    with pytest.raises(
        ValueError, match=r"5 entities of dim=8 came, but this \w+ was built from a graph of 68\. Build"
    ):
        ENCODERS[name](split)(torch.zeros(5, DIM), torch.zeros(3, DIM))


def test_relations_that_cannot_be_composed_are_named(split: Split) -> None:
    entities, _ = _tables(split)
    message = r"Relation vectors of 4 numbers came beside entities of 8\. .* or RelationalConvolution\(\.\.\.\)\."
    with pytest.raises(ValueError, match=message):
        CompositionConvolution(split, dim=DIM)(entities, torch.zeros(3, 4))


def test_wrong_arguments_are_named(split: Split) -> None:
    nothing = Split(split.graph, split.train[:0], split.valid, split.test)
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: RelationalConvolution(split, bases=0), r"bases=0 came\. It must be at least 1; type bases=1\."),
        (
            lambda: RelationalConvolution(split, dropout=1),
            r"dropout=1 came\. It must be a number from 0 .* type dropout=0\.3\.",
        ),
        (
            lambda: VariationalEncoder(split, spread=0),
            r"spread=0 came\. It must be a number above 0; type spread=0\.1\.",
        ),
        (
            lambda: VariationalEncoder(nothing),
            r"no training triples to pass messages over\. Check len\(split\.train\)\.",
        ),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_what_is_saved_scores_as_it_did(make: Callable, split: Split, tmp_path: Path) -> None:
    vectors = GraphEmbedding(split.graph, DistMult(), dim=DIM, encoder=make(split))
    next(train_embedding(vectors, split, epochs=1, reciprocal=True))
    read = load_embedding(vectors.save(tmp_path / "vectors"), split.graph)
    assert read.encoder is None  # what it made of the tables is kept, the encoder is not
    assert torch.equal(read.score_heads(split.test), vectors.score_heads(split.test))


def test_training_that_stops_and_goes_on_ends_where_it_would_have(make: Callable, split: Split, tmp_path: Path) -> None:
    whole, stopped, later = (GraphEmbedding(split.graph, DistMult(), dim=DIM, encoder=make(split)) for _ in range(3))
    options = {"batch": 100, "epochs": 3}
    list(train_embedding(whole, split, **options))
    for epoch in train_embedding(stopped, split, **options, checkpoint=tmp_path / "run"):
        if epoch.number == 1:
            break
    list(train_embedding(later, split, **options, checkpoint=tmp_path / "run"))
    assert torch.equal(later.entity_vectors(), whole.entity_vectors())


def test_a_layer_of_torch_geometric_is_an_encoder_in_five_lines(split: Split) -> None:
    layer = _torch_geometric().GCNConv(DIM, DIM)

    class Convolved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.links = layer, torch.from_numpy(split.train[:, (0, 2)].T.copy())

        def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return entities + self.layer(entities, self.links), relations

    vectors = GraphEmbedding(split.graph, DistMult(), dim=DIM, encoder=Convolved())
    losses = [epoch.loss for epoch in train_embedding(vectors, split, epochs=5, batch=100)]
    assert losses[-1] < losses[0]


def test_any_module_of_this_shape_is_an_encoder(split: Split) -> None:
    class Louder(nn.Module):
        def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return 2 * entities, relations

    vectors = GraphEmbedding(split.graph, DistMult(), dim=DIM, encoder=Louder())
    assert torch.equal(vectors.entity_vectors(), 2 * vectors.entity_table)


class Shrinking(nn.Module):
    """Forgets an entity."""

    def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return entities[1:], relations


class Silent(nn.Module):
    """Forgets the relations."""

    def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> torch.Tensor:
        return entities


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (
            Shrinking(),
            r"Shrinking was given tables of \(68, 4\) and \(3, 4\) numbers, and gave \(67, 4\) and \(3, 4\)\.",
        ),
        (Silent(), r"and gave a Parameter\. Expected both in their shapes: return entities, relations\."),
    ],
    ids=["one entity fewer", "no relations"],
)
def test_an_encoder_gives_back_what_it_was_given(graph: KnowledgeGraph, encoder: nn.Module, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GraphEmbedding(graph, DistMult(), dim=4, encoder=encoder).encode()
