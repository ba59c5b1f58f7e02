"""The facts that a graph most likely lacks, over all of its triples, and how far to believe them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int
from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_number, expect_seed
from kgwb.citation import NOT_RECORDED, Citable, nest_parts
from kgwb.embed.candidates import Among, choose_candidates
from kgwb.embed.named_facts import is_known
from kgwb.embed.precision import limit_threads
from kgwb.embed.ranking.answers import Ranker, expect_ranker, find_trained_facts
from kgwb.embed.ranking.best_triples import BestTriples, TripleScan
from kgwb.embed.ranking.calibration import Calibration, calibrate_scores, logistic
from kgwb.embed.ranking.labelled import score_triples
from kgwb.embed.ranking.pair_scores import count_ends, score_ends
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content
from kgwb.graph.splitting import Split
from kgwb.words import count_things

_LEAST = 10  # withheld facts, from which on a probability is fitted


@dataclass(frozen=True, eq=False, repr=False)
class MissingFacts:
    """Triples that the graph does not hold, the most plausible first, beside what is known of how often such hold.

    Attributes:
        graph: whose ids these are.
        triples: best first, [fact, 3].
        scores: by the embedding or another ranker, [fact].
        probability: how likely each holds, counting only withheld facts as true; NaN where none were withheld, [fact].
        possible: how many triples were compared.
        among: who could be head and tail, in words.
        relations: how many relations were looked at.
        withheld: facts of the graph among those compared that training never saw.
        found: how many of the first that training never saw are withheld facts, of as many as were asked for.
        expected: how many of those there should be, by their probabilities.
        floor: how many are found by counts alone: the heads and tails that the relation has most often.
        asked: how many were asked for.
        separates: whether withheld facts score higher than false ones at all.
        made: part -> how the ranker came about, as `kgwb.cite` tells it.
    """

    graph: KnowledgeGraph
    triples: Int[np.ndarray, "fact 3"]
    scores: Float[np.ndarray, " fact"]
    probability: Float[np.ndarray, " fact"]
    possible: int
    among: str
    relations: int
    withheld: int
    found: int
    expected: int | float
    floor: int
    asked: int
    separates: bool
    made: dict[str, str]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per fact: head, relation, tail by label, score, probability."""
        head, relation, tail = self.triples.T
        labels, relation_labels = self.graph.entities["label"].to_numpy(), self.graph.relations["label"].to_numpy()
        return pd.DataFrame(
            {
                "head": labels[head],
                "relation": relation_labels[relation],
                "tail": labels[tail],
                "score": self.scores,
                "probability": self.probability,
            }
        )

    def __len__(self) -> int:
        return len(self.triples)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        figures, *protocol = [line.strip() for line in repr(self).removeprefix("MissingFacts: ").splitlines()]
        run = f"the {count_things(len(self), 'fact')} most likely missing in the knowledge graph {self.graph.name!r}"
        parts = {part: value for part, value in self.made.items() if part != "graph"}
        return {
            "run": run,
            "figures": figures,
            "protocol": "; ".join(protocol),
            "graph": describe_content(self.graph),
            **nest_parts("scored by", parts),
        }

    def _say_precision(self) -> list[str]:
        if not self.withheld:
            return [
                "  no fact was withheld from training, so how many of these hold is not known; train on split_triples(graph)"
            ]
        of = f"of the first {self.asked:,} that training never saw"
        lines = [
            f"  {of}, {self.found:,} are among the {self.withheld:,} withheld facts ({self.found / self.asked:.1%}); by "
            f"counts of heads and tails alone {self.floor:,}",
        ]
        if np.isfinite(self.expected):
            lines.append(
                f"  their probabilities expect {self.expected:.1f}; only withheld facts count as true, so others are likelier"
            )
        if not self.separates:
            lines.append(
                "  withheld facts score no higher than false ones: these scores know nothing of what is missing"
            )
        return lines

    def __repr__(self) -> str:
        return "\n".join(
            [
                f"MissingFacts: the {len(self):,} best of {self.possible:,} triples that {self.graph.name!r} does not hold",
                f"  {count_things(self.relations, 'relation')}, heads and tails {self.among}",
                *self._say_precision(),
            ]
        )


@torch.no_grad()
def find_missing_facts(
    vectors: Ranker,
    k: int = 100,
    *,
    split: Split | None = None,
    relations: Sequence[str | int] | None = None,
    among: Among = None,
    memory: int | float = 0.5,
    seed: int = 0,
) -> MissingFacts:
    """The k most plausible triples that the graph does not hold, over all heads, relations and tails.

    Scores of different relations are not comparable, so each counts relative to its relation's mean over true and false
    withheld facts (see `calibrate_scores`; over its known facts where none were withheld). With the Platt probability p of
    a triple in a world where half are true, and π = withheld facts / triples compared, the share that is known to be true,

        odds(probability) = odds(p) · π / (1 − π).

    Triples are scored block by block and only the k best are held: memory does not grow with the graph beyond the
    vectors, time does, with entities² × relations; `among="relation"` leaves only what a relation has taken before, and is
    many times faster.

    Args:
        vectors: a trained embedding, or whatever else `rank_triples` takes: rules, two rankers joined, a path network. It
            scores tails; after training with reciprocal relations, `score` itself. What scales each query's scores by
            themselves, as `join_rankers` does, compares tails of one head better than heads.
        k: how many.
        split: what it was trained on, where it does not know: valid and test are the withheld facts. Left out, these are
            the graph's facts that it was not trained on.
        relations: only these, by name, label or id.
        among: who can be head and tail, as in `predict`.
        memory: how large a block of scores may get, in GiB.
        seed: of the false triples that probabilities are fitted with.

    Returns:
        The facts, and how many withheld ones the same search finds, beside counts alone.

    Raises:
        ValueError: an argument out of its range, a split of another graph, or scores that are not finite.
        UnknownNameError: there is no such relation, type or entity.

    Example:
        >>> from kgwb.embed.graph_embedding import GraphEmbedding
        >>> from kgwb.embed.scorers.distmult import DistMult
        >>> facts = pd.DataFrame([("Ada", "speaks", "Ket"), ("Bo", "speaks", "Ket"), ("Ada", "in", "Rim")])
        >>> graph = KnowledgeGraph.from_pandas(facts.set_axis(["head", "relation", "tail"], axis=1))
        >>> find_missing_facts(GraphEmbedding(graph, DistMult(), dim=4), 3)
        MissingFacts: the 3 best of 29 triples that 'graph' does not hold
          2 relations, heads and tails any of the graph's entities
          no fact was withheld from training, so how many of these hold is not known; train on split_triples(graph)
    """
    expect_ranker(vectors, "find_missing_facts(GraphEmbedding(graph, ComplEx()))")
    expect_at_least("k", k, 1, whole=True)
    expect_number("memory", memory, usual=0.5, above=0)
    seed = expect_seed(seed)
    graph, parts = vectors.graph, _divide_facts(vectors, split)
    chosen = _choose_relations(graph, relations)
    candidates = choose_candidates(graph, among, facts=parts.train)
    calibration = calibrate_scores(vectors, parts, seed=seed) if _can_calibrate(parts) else None
    centres = _find_centres(vectors, parts.train) if calibration is None else calibration.centres
    score, device = score_ends(vectors, memory)
    scan = TripleScan.of(parts, chosen, candidates, memory=memory, device=device)
    best, check, floor = BestTriples(int(k)), BestTriples(int(k)), BestTriples(int(k))
    with limit_threads(len(graph.entities) ** 2 * getattr(vectors, "dim", 128)):
        unseen, withheld = scan.run(score, centres, best=best, check=check)
    if withheld:
        scan.run(count_ends(parts.train, len(graph.entities)), np.zeros_like(centres), best=None, check=floor)
    weigh = _weigh(calibration, withheld, unseen)
    return MissingFacts(
        graph=graph,
        triples=best.triples,
        scores=best.scores,
        probability=weigh(best.values),
        possible=unseen - withheld,
        among="any of the graph's entities" if candidates is None else candidates.name,
        relations=len(chosen),
        withheld=withheld,
        found=scan.count_withheld(check.triples),
        expected=float(weigh(check.values).sum()),
        floor=scan.count_withheld(floor.triples),
        asked=int(k),
        separates=calibration is None or calibration.coefficient > 0,
        made=_describe_ranker(vectors),
    )


def _divide_facts(vectors: Ranker, split: Split | None) -> Split:
    """What training saw, and what was withheld from it in two halves: to fit a probability on, and to judge it."""
    expect_kind(split, (Split, type(None)), "A split, or None,", call="find_missing_facts(vectors, split=split)")
    graph, facts = vectors.graph, find_trained_facts(vectors)
    if split is not None:
        if split.graph.fingerprint != graph.fingerprint:
            message = f"The embedding is of the graph {graph.name!r}, but a split of {split.graph.name!r} came"
            raise ValueError(
                f"{message}, whose ids mean other things. Type split=None, or the split it was trained on."
            )
        return split
    if not len(facts):
        return Split(graph, graph.triples, graph.triples[:0], graph.triples[:0])
    rest = graph.triples[~is_known(facts, graph.triples, len(graph.entities))]
    return Split(graph, facts, rest[::2], rest[1::2])


def _can_calibrate(parts: Split) -> bool:
    return min(len(parts.valid), len(parts.test)) > 0 and len(parts.valid) + len(parts.test) >= _LEAST


def _choose_relations(graph: KnowledgeGraph, relations: Sequence[str | int] | None) -> list[int]:
    if relations is None:
        return list(range(len(graph.relations)))
    call = f"relations={list(graph.relation_labels[:2])!r}"
    names = expect_each(relations, (str, int, np.integer), "A list of relations", call=call)
    if not names:
        raise ValueError(f"relations came as an empty list, which leaves nothing to look at. Type {call}.")
    return sorted({graph.relation_id(name) for name in names})


def _find_centres(vectors: Ranker, facts: Int[np.ndarray, "fact 3"]) -> Float[np.ndarray, " relation"]:
    """The mean score of each relation's facts; of one without any, that of all."""
    scores, relations = (
        score_triples(vectors, facts.copy()),
        len(vectors.graph.relations),
    )  # torch needs to be able to write
    counts = np.bincount(facts[:, 1], minlength=relations)
    means = np.bincount(facts[:, 1], scores, relations) / np.maximum(counts, 1)
    return np.where(counts > 0, means, scores.mean() if len(scores) else 0.0)


def _describe_ranker(ranker: Ranker) -> dict[str, str]:
    if isinstance(ranker, Citable):
        return dict(ranker.describe_run())
    return {"run": f"a ranker of the class {type(ranker).__name__}; how it was made was {NOT_RECORDED}"}


def _weigh(
    calibration: Calibration | None, withheld: int, unseen: int
) -> Callable[[Float[np.ndarray, " fact"]], Float[np.ndarray, " fact"]]:
    """From scores less their centre to probabilities, the odds of a world where half are true times those of this one."""
    if calibration is None or not withheld:
        return lambda values: np.full(len(values), np.nan)
    odds = np.log(withheld) - np.log(max(unseen - withheld, 0.5))
    return lambda values: logistic(calibration.coefficient * values + calibration.offset + odds)
