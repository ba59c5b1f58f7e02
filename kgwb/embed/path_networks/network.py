"""A network that scores an answer by the paths that lead to it, so that it needs no vector of any entity."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import expect_choice, expect_each, expect_kind, expect_number, expect_path, expect_seed
from kgwb.embed.path_networks.answer_score import AnswerScore
from kgwb.embed.path_networks.fact_edges import FactEdges, plan_layers
from kgwb.embed.path_networks.messages import Passing
from kgwb.embed.path_networks.network_files import NETWORK_FILES, write_network_files
from kgwb.embed.path_networks.path_layer import GATHERINGS, Gathering, PathLayer
from kgwb.embed.path_networks.relation_names import match_relations, translate_facts
from kgwb.embed.path_networks.surroundings import Surroundings
from kgwb.embed.queries import find_distinct, mark_entities
from kgwb.embed.trainings import Training, describe_vectors
from kgwb.files import refuse_other_files
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.memory import within_memory
from kgwb.words import count_things

ID_TABLES = ("facts", "trained_facts")  # saved beside the weights
BLOCK_BYTES = 8 << 20  # of one layer's messages: so many are still near the processor when they are read again


class PathNetwork(nn.Module):
    """Scores every entity as the answer to (known, relation, ?) by the paths between the two, over a graph's facts.

    Neural Bellman–Ford (Zhu et al., 2021, "Neural Bellman-Ford networks: a general graph neural network framework for
    link prediction"): h⁰_v = 1(v = known) q, with q a vector of the relation, or of its inverse where the head is asked
    for; then some layers of messages along the facts, see `PathLayer`; score(v) = MLP([h_v, q, x_v]). An entity that no
    walk of so many steps reaches has the state zero, and only what has been reached sends messages (as in Zhang & Yao,
    2022). What is known of it then is x_v, see `Surroundings`, which the published network does not have. Nothing in it
    belongs to an entity, so what was learnt on one graph ranks on another with the same relations: `network.on(other)`.

    Args:
        source: the graph; of a split, messages pass over its training triples alone.
        dim: numbers per state.
        layers: the longest path that is seen, in facts.
        surroundings: how far around a candidate its own facts are seen, whether a path reaches it or not; 0 for the
            network as it was published, but for what no walk reaches.
        gathering: how an entity gathers its messages: "pna", four ways and three scales, or their "sum", which is less
            work.
        seed: where the random start comes from.
        relations: the names of all that it shall know, where the graphs it will lie over have more than this one.

    Raises:
        TypeError: neither a split nor a graph came.
        ValueError: an argument out of its range, or no facts.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Ada", "child of", "Bo"], ["Bo", "child of", "Cy"]], columns=["head", "relation", "tail"])
        >>> network = PathNetwork(KnowledgeGraph.from_pandas(facts), dim=8, layers=2)
        >>> network
        PathNetwork(dim=8, layers=2, surroundings=2) of 'graph': 2 facts of 3 entities, 1 relation, not trained
        >>> network.score_answers(torch.tensor([0]), torch.tensor([0]), tails=1).shape
        torch.Size([1, 3])
    """

    steps: Tensor
    usual: Tensor
    trained_facts: Int[np.ndarray, "fact 3"]
    trained_on: Bool[Tensor, " entity"]

    def __init__(
        self,
        source: Split | KnowledgeGraph,
        *,
        dim: int = 32,
        layers: int = 6,
        surroundings: int = 2,
        gathering: Gathering = "pna",
        seed: int = 0,
        relations: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        graph, facts = read_message_facts(source, "PathNetwork({})")
        expect_number("dim", dim, usual=32, least=1, whole=True)
        expect_number("layers", layers, usual=6, least=1, below=100, whole=True)
        expect_number("surroundings", surroundings, usual=2, least=0, below=100, whole=True)
        expect_choice("gathering", gathering, GATHERINGS)
        self.dim, self.seed, self.gathering = int(dim), expect_seed(seed), gathering
        names = list(graph.relations["relation"]) if relations is None else relations
        call = "PathNetwork(split, relations=['knows', 'likes'])"
        self.relation_names: tuple[str, ...] = tuple(dict.fromkeys(expect_each(names, str, "A name", call=call)))
        generator, steps = torch.Generator().manual_seed(self.seed), 2 * len(self.relation_names)
        with within_memory(
            f"dim={dim} and layers={layers} for {count_things(steps, 'step')}", usual="dim=32, layers=6"
        ):
            self.queries = nn.Parameter(torch.empty(steps, self.dim).normal_(generator=generator))
            self.layers = nn.ModuleList(PathLayer(steps, self.dim, gathering, generator) for _ in range(int(layers)))
            self.surroundings = Surroundings(steps, self.dim, int(surroundings), gathering, generator)
            self.answer = AnswerScore(self.dim, surroundings=bool(surroundings), generator=generator)
        self.register_buffer("usual", torch.ones(()))
        self._trainings: tuple[Training, ...] = ()
        self._learnt: tuple[KnowledgeGraph, Int[np.ndarray, "fact 3"]] = (graph, facts[:0])
        self._lie_over(graph, facts)
        counts = self.edges.end.bincount(minlength=len(graph.entities))
        self.usual.fill_((counts[counts > 0] + 2).double().log().mean())
        self.eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are; everything else follows them."""
        return self.queries.device

    def on(self, source: Split | KnowledgeGraph) -> PathNetwork:
        """The same weights over another graph, whose entities may all be new; relations are matched by name.

        The two share their weights: what trains one changes the other.

        Args:
            source: the graph; of a split, messages pass over its training triples alone.

        Raises:
            TypeError: neither a split nor a graph came.
            ValueError: it has a relation that this network does not know, or no facts.
        """
        graph, facts = read_message_facts(source, "network.on({})")
        twin = copy.copy(self)
        twin._modules, twin._buffers = dict(self._modules), dict(self._buffers)
        twin._lie_over(graph, facts)
        return twin

    def _lie_over(self, graph: KnowledgeGraph, facts: Int[np.ndarray, "fact 3"]) -> None:
        """Pass messages over these facts from now on."""
        place = match_relations(self.relation_names, graph)
        steps = torch.from_numpy(np.concatenate([place, place + len(self.relation_names)]))
        edges = FactEdges(facts, entities=len(graph.entities), relations=len(graph.relations))
        self.graph, self.facts = graph, facts
        self.edges = edges.to(self.device)
        self.register_buffer("steps", steps.to(self.device), persistent=False)
        self._note_facts()

    def note_learnt(self, graph: KnowledgeGraph, facts: Int[np.ndarray, "fact 3"]) -> None:
        """From now on these facts are among those that it was trained on."""
        before = translate_facts(*self._learnt, graph)
        self._learnt = graph, find_distinct(np.concatenate([before, facts]), len(graph.entities))
        self._note_facts()

    def _note_facts(self) -> None:
        self.trained_facts = translate_facts(*self._learnt, self.graph)
        self.trained_on = mark_entities(self.trained_facts, len(self.graph.entities))

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query; higher is better.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        heads = torch.arange(len(known), device=known.device) >= tails
        step = (relation + len(self.graph.relations) * heads).to(self.device)
        blocks, looks = (known.to(self.device).split(self.height), step.split(self.height)), self.find_looks()
        scores = [self.score_block(*block, looks=looks) for block in zip(*blocks, strict=True)]
        return torch.cat(scores) if scores else self.queries.new_zeros(0, len(self.graph.entities))

    @property
    def height(self) -> int:
        """How many queries are answered at once."""
        return max(1, BLOCK_BYTES // (4 * self.dim * max(1, len(self.edges))))

    def score_block(
        self,
        known: Int[Tensor, " query"],
        step: Int[Tensor, " query"],
        *,
        looks: Float[Tensor, "entity dim"],
        factors: list[Tensor] | None = None,
        asked: Int[Tensor, " query"] | None = None,
        strengths: list[Tensor] | None = None,
        removed: Int[Tensor, "removed 2"] | None = None,
        wanted: Bool[Tensor, "query entity"] | None = None,
    ) -> Float[Tensor, "query entity"]:
        """The scores of a few queries, with gradients.

        Args:
            known: the entity that each query gives.
            step: its relation; behind the relations stand their inverses.
            looks: what `find_looks` gives.
            factors: what `find_factors` made of the queries' vectors; left out, it is made here.
            asked: which of those is each query's.
            strengths: ones for the messages of each layer, whose gradients say how much each message matters.
            removed: (query, edge) of those that carry nothing.
            wanted: whose scores are needed; the others are zero.
        """
        plans = plan_layers(self.edges, known, layers=len(self.layers), removed=removed, wanted=wanted)
        if factors is None:
            distinct, asked = step.unique(return_inverse=True)
            factors = self.find_factors(distinct)
        assert asked is not None
        vectors = self.queries[self.steps[step]]  # [query, dim]
        states = vectors[plans[0].starts]  # [row, dim]
        for number, (layer, plan) in enumerate(zip(self.layers, plans, strict=True)):
            strength = states.new_ones(len(plan.edge)) if strengths is None else strengths[number]
            states = layer(
                states,
                factors[number],
                Passing(plan, self.edges, asked),
                boundary=vectors[plan.asking],
                strength=strength,
                usual=self.usual,
            )
        return self.answer(states, vectors, looks, plans[-1], wanted)

    def find_looks(self, removed: Int[Tensor, " removed"] | None = None) -> Float[Tensor, "entity dim"]:
        """What each entity looks like by the facts around it, without some edges."""
        none = torch.empty(0, dtype=torch.int64, device=self.device)
        without = none if removed is None else removed
        return self.surroundings(self.edges, self.steps, removed=without, usual=self.usual)

    def find_factors(self, steps: Int[Tensor, " asked"]) -> list[Tensor]:
        """What each layer's messages are multiplied by, [asked, step, dim] for each layer; steps are this graph's."""
        vectors = self.queries[self.steps[steps]]
        return [layer.find_factors(vectors, self.steps) for layer in self.layers if isinstance(layer, PathLayer)]

    @torch.no_grad()
    def save(self, folder: str | Path) -> Path:
        """Write weights, graph and what they are to a folder (safetensors, JSON and tables); all of it or nothing.

        Other files in the folder stay as they are. Facts that it learnt from and that this graph does not have are not
        kept: save the network over the graph that it was trained on, and type `.on(other)` after loading.

        Args:
            folder: where to, `~` being the home; a network already there is replaced.

        Returns:
            The folder, as an absolute path.

        Raises:
            FileExistsError: a file that kgwb did not write, or that was changed since, has the name of one of these.
            SavingError: the system refuses, as where the disk is full.
        """
        folder = expect_path(folder, call="network.save('network')").absolute()
        refuse_other_files(folder, NETWORK_FILES, "a path network")  # before the work
        record: dict[str, object] = {
            "dim": self.dim,
            "layers": len(self.layers),
            "gathering": self.gathering,
            "seed": self.seed,
        }
        record |= {"surroundings": len(self.surroundings.layers)}
        record |= {"relations": list(self.relation_names), "trainings": list(self._trainings)}
        ids = {name: torch.from_numpy(getattr(self, name).astype(np.int32)) for name in ID_TABLES}
        write_network_files(folder, self.state_dict() | ids, record, self.graph)
        return folder

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        return describe_vectors(
            self.graph, f"PathNetwork({self.extra_repr()})", self.seed, self._trainings, known=False
        )

    def extra_repr(self) -> str:
        """What stands between the brackets when torch prints a model that holds this one."""
        gathering = "" if self.gathering == "pna" else f", gathering={self.gathering!r}"
        return f"dim={self.dim}, layers={len(self.layers)}, surroundings={len(self.surroundings.layers)}{gathering}"

    def __repr__(self) -> str:
        kinds = (len(self.graph.entities), "entity"), (len(self.graph.relations), "relation")
        counts = f"{count_things(len(self.facts), 'fact')} of {', '.join(count_things(*kind) for kind in kinds)}"
        learnt = len(self._learnt[1])
        here = f", {len(self.trained_facts):,} of them in this graph" if self._learnt[0] is not self.graph else ""
        state = f"trained on {count_things(learnt, 'fact')}{here}" if learnt else "not trained"
        return f"PathNetwork({self.extra_repr()}) of {self.graph.name!r}: {counts}, {state}"


def read_message_facts(source: object, call: str) -> tuple[KnowledgeGraph, Int[np.ndarray, "fact 3"]]:
    """The graph, and the facts that messages pass over: those of train, or all of a graph.

    Raises:
        TypeError: neither a split nor a graph came.
        ValueError: there are none.
    """
    expect_kind(source, (Split, KnowledgeGraph), "A split or a graph", call=call.format("split"))
    assert isinstance(source, (Split, KnowledgeGraph))  # so mypy knows it too
    graph, triples = (source.graph, source.train) if isinstance(source, Split) else (source, source.triples)
    if not len(triples):
        raise ValueError(
            f"{graph.name!r} has no facts to pass messages over. Check len(split.train), or type {call.format('graph')}."
        )
    return graph, find_distinct(triples, len(graph.entities))
