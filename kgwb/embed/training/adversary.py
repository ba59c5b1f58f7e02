"""KBGAN: a small embedding that learns which wrong answers the large one finds hard, and proposes those."""

from __future__ import annotations

from numbers import Integral

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_seed
from kgwb.embed.training.batches import Batch, UniformNegatives
from kgwb.embed.training.losses import FAR_BELOW
from kgwb.embed.vectors import Vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.memory import within_memory

_MEMORY = 0.9  # how much of the baseline stays at each draw


class AdversarialNegatives(nn.Module):
    """Negatives that score nearly like answers, chosen by a generator that learns from the scores they get.

    The generator is a small DistMult g with a second vector per relation for queries about heads. KBGAN (Cai and
    Wang, 2018, "KBGAN: adversarial learning for knowledge graph embeddings") draws for each query one negative from
    a pool; here a whole batch shares its negatives, so that they still cost one matmul. Of a uniform pool, the same for
    the batch,

        p(n | q) = softmax_n g(q, n), answers of q left out,        p(n) = mean_q p(n | q),

    and S holds `count` entities drawn from p without repetition (the largest log p(n) + Gumbel noise; with κ the largest
    of those left over, n is in S with chance w(n) = 1 − exp(−p(n) e^−κ): Kool et al., 2019, "Stochastic beams and where
    to find them"). The reward of n for q is the score s(q, n) that the trained embedding gives it, and REINFORCE climbs

        ∇ mean_q E_{n ~ p(· | q)} [s(q, n)]  ≈  mean_q Σ_{n in S} (s(q, n) − b) / w(n) · ∇ p(n | q),

    which is KBGAN's own gradient, p ∇ log p = ∇ p, summed over the queries that a shared n may have been drawn for.
    The baseline b is a moving average of the reward. An answer of q has p(n | q) = 0, so it is never rewarded, and where
    it was drawn for another query the loss leaves it out. Steps are Adagrad's. Picture: a sparring partner, who is
    paid by the blow.

    Everything learnt is in `state_dict()`, the random numbers' place included; it moves to the embedding's device by
    itself. A draw costs about queries × (pool × dim + count × the embedding's dim) multiplications.

    Args:
        graph: whose entities are proposed.
        count: how many entities a batch shares.
        pool: how many the generator chooses from; left out, four times as many, or all.
        dim: of the generator's vectors.
        learning_rate: of the generator.
        seed: of its start and its draws.

    Raises:
        ValueError: a number out of its range.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed import GraphEmbedding, TransE, train_embedding
        >>> facts = [[f"town {i}", "in", f"land {i % 3}"] for i in range(9)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> negatives = AdversarialNegatives(graph, 3)
        >>> for epoch in train_embedding(GraphEmbedding(graph, TransE(), dim=8), graph, epochs=2, negatives=negatives):
        ...     pass
        >>> negatives
        AdversarialNegatives(count=3, pool=12, dim=32, learning_rate=0.05, seed=0)
    """

    entity_squares: Tensor
    relation_squares: Tensor
    baseline: Tensor
    draws: Tensor

    def __init__(
        self,
        graph: KnowledgeGraph,
        count: int,
        *,
        pool: int | None = None,
        dim: int = 32,
        learning_rate: int | float = 0.05,
        seed: int = 0,
    ) -> None:
        super().__init__()
        expect_graph(graph, "AdversarialNegatives({}, 500)")
        entities = len(graph.entities)
        _expect_count(count, entities)
        if pool is None:
            pool = min(4 * count, entities)
        _expect_pool(pool, count, entities)
        expect_at_least("dim", dim, 1, whole=True)
        expect_at_least("learning_rate", learning_rate, 0)
        seed = expect_seed(seed)
        self.count, self.pool, self.dim, self.learning_rate, self.seed = count, pool, dim, learning_rate, seed
        generator = torch.Generator().manual_seed(seed)
        with within_memory(f"dim={dim} for {entities:,} entities", usual="dim=32"):
            self.entities = nn.Parameter(
                1e-3 * torch.randn(entities, dim, generator=generator)
            )  # at first all are alike
            self.relations = nn.Parameter(torch.randn(2 * len(graph.relations), dim, generator=generator))
            self.register_buffer("entity_squares", torch.zeros_like(self.entities))
            self.register_buffer("relation_squares", torch.zeros_like(self.relations))
        self.register_buffer("baseline", torch.zeros(()))
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))

    def draw(self, vectors: Vectors, batch: Batch) -> Int[Tensor, " candidate"]:
        """The entities that all answers of this batch are compared with; the generator learns from what they score."""
        self._expect_same_graph(vectors)
        device = vectors.entities.device
        self.to(device)
        self.draws += 1
        random = torch.Generator(device).manual_seed((self.seed * 1_000_003 + int(self.draws)) % 2**31)
        pool = UniformNegatives(self.pool, random).draw(vectors, batch)
        touched, place = torch.cat([pool, batch.known]).unique(return_inverse=True)
        entities = self.entities.detach()[touched].requires_grad_()
        relations = self.relations.detach().requires_grad_()
        with torch.enable_grad():
            chance = self._chances(entities, relations, place, pool, batch)  # [query, pool]
            chosen, weight = _draw_without_repetition(chance.detach().mean(0), self.count, random)
            paid, drawn = chance[:, chosen], pool[chosen]  # [query, candidate], [candidate]
            gain = (paid * self._judge(vectors, batch, drawn, paid.detach() / weight) / weight).sum()
        parts = torch.autograd.grad(gain, [entities, relations])
        with torch.no_grad():
            _ascend(self.entities, self.entity_squares, touched, parts[0], self.learning_rate)
            _ascend(self.relations, self.relation_squares, slice(None), parts[1], self.learning_rate)
        return drawn

    def extra_repr(self) -> str:
        return f"count={self.count}, pool={self.pool}, dim={self.dim}, learning_rate={self.learning_rate}, seed={self.seed}"

    def _expect_same_graph(self, vectors: Vectors) -> None:
        own, came = (len(self.entities), len(self.relations) // 2), (len(vectors.entities), len(vectors.relations))
        if own != came:
            message = f"This generator chooses among {own[0]:,} entities and {own[1]:,} relations"
            raise ValueError(
                f"{message}, but {came[0]:,} and {came[1]:,} came. Type AdversarialNegatives(split.graph, {self.count})."
            )

    def _chances(
        self,
        entities: Float[Tensor, "touched dim"],
        relations: Float[Tensor, "twice dim"],
        place: Int[Tensor, " use"],
        pool: Int[Tensor, " pool"],
        batch: Batch,
    ) -> Float[Tensor, "query pool"]:
        """p(n | q), zero where n answers q."""
        asks_head = torch.arange(len(batch.known), device=pool.device) >= batch.tails
        asked = relations.index_select(0, batch.relation + asks_head * (len(relations) // 2))
        query = entities.index_select(0, place[len(pool) :]) * asked  # [query, dim]
        hidden = _find_answers(batch, pool, len(self.entities))
        scores = (query @ entities.index_select(0, place[: len(pool)]).T).masked_fill(hidden, FAR_BELOW)
        return torch.softmax(scores, -1) * ~hidden

    @torch.no_grad()
    def _judge(
        self, vectors: Vectors, batch: Batch, drawn: Int[Tensor, " candidate"], share: Float[Tensor, "query candidate"]
    ) -> Float[Tensor, "query candidate"]:
        """s(q, n) − b; and b follows the expected reward."""
        scores = vectors.scorer.measure.compare(
            vectors.query(batch.known, batch.relation, tails=batch.tails), vectors.entities.index_select(0, drawn)
        ).to(share)
        mean = (scores * share).sum() / share.sum().clamp_min(1e-12)
        self.baseline.lerp_(mean, 1.0 if self.draws == 1 else 1 - _MEMORY)
        return scores - self.baseline


def _find_answers(batch: Batch, pool: Int[Tensor, " pool"], entities: int) -> Bool[Tensor, "query pool"]:
    place = torch.full((entities,), -1, device=pool.device)
    place[pool] = torch.arange(len(pool), device=pool.device)
    where, hidden = place[batch.answers], torch.zeros(len(batch.known), len(pool), dtype=torch.bool, device=pool.device)
    hidden[batch.rows[where >= 0], where[where >= 0]] = True
    return hidden


def _draw_without_repetition(
    chance: Float[Tensor, " pool"], count: int, random: torch.Generator
) -> tuple[Int[Tensor, " candidate"], Float[Tensor, " candidate"]]:
    """So many places, likelier where the chance is higher, and how likely each was to be among them."""
    log_chance = chance.clamp_min(1e-30).log()
    noise = torch.empty_like(chance).exponential_(generator=random).log().neg()  # Gumbel's
    best = (log_chance + noise).topk(count + 1)
    chosen = best.indices[:count]
    return chosen, -torch.expm1(-(log_chance[chosen] - best.values[count]).exp()).clamp_max(-1e-20)


def _ascend(table: Tensor, squares: Tensor, rows: Tensor | slice, gradient: Tensor, rate: int | float) -> None:
    """Adagrad, upwards, on some rows."""
    squares[rows] += gradient.square()
    table[rows] += rate * gradient / (squares[rows].sqrt() + 1e-10)


def _expect_count(count: object, entities: int) -> None:
    if isinstance(count, bool) or not isinstance(count, Integral) or not 1 <= int(count) < entities:
        message = f"count={count!r} came. It must be from 1 to {entities - 1:,}, fewer than there are entities"
        raise ValueError(f'{message}; type negatives="all" to compare with all of them.')


def _expect_pool(pool: object, count: int, entities: int) -> None:
    if isinstance(pool, bool) or not isinstance(pool, Integral) or not count < int(pool) <= entities:
        message = f"pool={pool!r} came. The {count:,} negatives are chosen from it: more than they, at most all"
        raise ValueError(f"{message} {entities:,} entities; type pool={min(4 * count, entities):_}.")
