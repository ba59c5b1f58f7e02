"""For notebook 12: facts told by passages, other facts held by a graph, and the ways to find what answers a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float
from kgwb.bert import Bert
from kgwb.embed.ranking.bootstrap import resample_means
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.learn import PassageIndex, add_standardised, choose_weights, index_passages, score_rankings
from kgwb.lessons.seeing_a_space import shuffle_facts

KINDS = ("same name", "other name", "other language", "one fact away", "fact withheld")
SUMS = {
    "words + meaning": ("words", "meaning"),
    "... + entities": ("words", "meaning", "entities"),
    "... + one step": ("words", "meaning", "entities", "one step"),
    "... + shuffled step": ("words", "meaning", "entities", "shuffled step"),
}
WAYS = ("chance", "words", "meaning", "entities", "one step", "shuffled step", *SUMS)
_SYMMETRIC = "interacts_with"
_FOLDS, _SAMPLES = 5, 2000
_SENTENCES = 4  # in a passage

Fact = tuple[int, int, int]


@dataclass(frozen=True, eq=False, repr=False)
class PassageExam:
    """Passages that tell one half of the facts, a graph with the other half, and questions.

    Attributes:
        passages: up to four English sentences about one entity each.
        known: all entities, and the facts that no passage tells.
        questions: columns question, kind, group, name; only those that a passage answers.
        relevant: whether the passage tells a fact in which an answer stands, [question, passage].
    """

    passages: tuple[str, ...]
    known: KnowledgeGraph
    questions: pd.DataFrame
    relevant: Bool[np.ndarray, "question passage"]

    def __repr__(self) -> str:
        counts = f"{len(self.passages):,} passages, {len(self.known):,} other facts in the graph"
        each = self.relevant.sum(axis=1).mean()
        return f"PassageExam: {counts}, {len(self.questions):,} questions, {each:.1f} passages answer each"


def make_passage_exam(
    graph: KnowledgeGraph, sentences: Iterable[Sentence], questions: pd.DataFrame, *, seed: int = 0
) -> PassageExam:
    """Tell half of the facts, drawn, in passages, and leave the other half to the graph; none is in both.

    Args:
        graph: the facts.
        sentences: that tell them; of several for one fact one is drawn.
        questions: the columns of medicine's questions.tsv. Those without an answer, or about a name of two entities, are
            left out, and those whose answers no passage tells.
        seed: of both draws.
    """
    random = np.random.default_rng(seed)
    triples = [(int(head), int(relation), int(tail)) for head, relation, tail in graph.triples]
    keys = [_unify(graph, fact) for fact in triples]
    coins = dict(zip(sorted(set(keys)), random.random(len(set(keys))) < 0.5, strict=True))
    told = np.array([coins[key] for key in keys])
    passages, tells = _write_passages(graph, triples, told, sentences, random)
    known = KnowledgeGraph.from_pandas(
        graph.to_pandas()[~told], graph.entities, relations=graph.relations, name=f"{graph.name}, untold facts"
    )
    asked = questions[questions["answers"].ne("") & questions["head"].ne("") & questions["other_head"].eq("")]
    walks = [_walk_path(graph, row.head, row.relation) for row in asked.itertuples()]
    answering = [
        {_unify(graph, fact) for fact, _ in walk} & {key for key, coin in coins.items() if coin} for walk in walks
    ]
    relevant = np.array([[bool(facts & tell) for tell in tells] for facts in answering])
    bridged = np.array(
        [
            any(not coins[_unify(graph, b)] and coins[_unify(graph, f)] for f, b in walk if b is not None)
            for walk in walks
        ]
    )
    labels = dict(zip(graph.entities["entity"], graph.labels, strict=True))
    named = [labels[head].lower() in text.lower() for head, text in zip(asked["head"], asked["question"], strict=True)]
    kind = np.select(
        [asked["hops"].eq(2) & bridged, asked["hops"].eq(2), asked["language"].eq("zh"), named],
        ["one fact away", "fact withheld", "other language", "same name"],
        "other name",
    )
    table = pd.DataFrame({"question": asked["question"], "kind": kind, "group": asked["group"], "name": asked["head"]})
    answered = relevant.any(axis=1)
    return PassageExam(passages, known, table[answered].reset_index(drop=True), relevant[answered])


def _unify(graph: KnowledgeGraph, fact: Fact) -> Fact:
    """One of the two directions in which a symmetric fact is stored."""
    head, relation, tail = fact
    if graph.relations["relation"][relation] == _SYMMETRIC:
        head, tail = sorted((head, tail))
    return head, relation, tail


def _write_passages(
    graph: KnowledgeGraph,
    triples: Sequence[Fact],
    told: Bool[np.ndarray, " fact"],
    sentences: Iterable[Sentence],
    random: np.random.Generator,
) -> tuple[tuple[str, ...], list[set[Fact]]]:
    """The passages, and the facts that each tells."""
    wordings: dict[Fact, list[str]] = {}
    for sentence in sentences:
        if sentence.triple is not None and sentence.language == "en":
            wordings.setdefault(sentence.triple, []).append(sentence.text)
    passages, tells = [], []
    for entity in range(len(graph.entities)):
        facts = [
            fact for fact, its in zip(triples, told, strict=True) if its and fact[0] == entity and fact in wordings
        ]
        drawn = [facts[place] for place in random.permutation(len(facts))]
        for first in range(0, len(drawn), _SENTENCES):
            some = drawn[first : first + _SENTENCES]
            passages.append(" ".join(wordings[fact][random.integers(len(wordings[fact]))] for fact in some))
            tells.append({_unify(graph, fact) for fact in some})
    return tuple(passages), tells


def _walk_path(graph: KnowledgeGraph, head: str, path: str) -> list[tuple[Fact, Fact | None]]:
    """Each fact in which an answer stands, with the fact that leads to it, or None where the question names its entity."""
    start = graph.entity_id(head)
    ways: list[tuple[Fact | None, Fact | None, int]] = [
        (None, None, start)
    ]  # the last fact, the one before, and its end
    for step in path.split("/"):
        relation, back = graph.relation_id(step.lstrip("^")), step.startswith("^")
        facts = [(int(h), int(r), int(t)) for h, r, t in graph.triples if r == relation]
        ends = [(fact, *((fact[2], fact[0]) if back else (fact[0], fact[2]))) for fact in facts]
        ways = [(fact, last, to) for last, _, at in ways for fact, one, to in ends if one == at]
    return [(fact, before) for fact, before, end in ways if fact is not None and end != start]


def score_ways(
    index: PassageIndex, exam: PassageExam, *, seed: int = 0
) -> dict[str, Float[np.ndarray, "question passage"]]:
    """Each question's score of each passage, by each single way.

    Args:
        index: of the exam's passages.
        exam: whose questions are put.
        seed: of chance, and of the shuffle of the facts.
    """
    texts, shuffled = exam.questions["question"].tolist(), shuffle_facts(exam.known, seed=seed)
    return {
        "chance": np.random.default_rng(seed).random(exam.relevant.shape),
        "words": index.score_words(texts),
        "meaning": index.score_meaning(texts),
        "entities": index.score_entities(texts),
        "one step": index.score_entities(texts, facts=exam.known),
        "shuffled step": index.score_entities(texts, facts=shuffled),
    }


def add_by_others(
    scores: Mapping[str, Float[np.ndarray, "question passage"]], exam: PassageExam, *, seed: int = 0
) -> tuple[Float[np.ndarray, "question passage"], pd.DataFrame]:
    """The sum of standardised scores, with weights chosen on other questions.

    Questions that ask the same in other words stay together; a fifth of the groups at a time is scored with the weights
    that were best on the others.

    Args:
        scores: by name.
        exam: whose questions they are of.
        seed: of the fifths.

    Returns:
        The sums, and the weights chosen: a row for each fifth.
    """
    groups = exam.questions["group"].to_numpy()
    drawn = np.random.default_rng(seed).permutation(np.unique(groups))
    sums, chosen = np.empty(exam.relevant.shape), []
    for fold in range(_FOLDS):
        asked = np.isin(groups, drawn[fold::_FOLDS])
        weights = choose_weights({name: each[~asked] for name, each in scores.items()}, exam.relevant[~asked])
        sums[asked] = add_standardised({name: each[asked] for name, each in scores.items()}, weights)
        chosen.append(weights)
    return sums, pd.DataFrame(chosen)


def compare_searches(
    graph: KnowledgeGraph, sentences: Sequence[Sentence], questions: pd.DataFrame, bert: Bert, *, seeds: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What every way is worth: facts are divided, passages written, facts shuffled and weights chosen anew for each seed.

    Returns:
        A row for each seed, question and way: seed, way, question, kind, group, nDCG (of ten places) and recall. And a row
        for each seed, sum and fifth of the questions: the weights chosen.
    """
    rows, weights = [], []
    for seed in range(seeds):
        exam = make_passage_exam(graph, sentences, questions, seed=seed)
        ways = score_ways(index_passages(exam.passages, graph, bert), exam, seed=seed)
        for name, parts in SUMS.items():
            ways[name], chosen = add_by_others({part: ways[part] for part in parts}, exam, seed=seed)
            weights.append(chosen.assign(seed=seed, way=name))
        for way in WAYS:
            found = score_rankings(ways[way], exam.relevant)
            rows.append(exam.questions.assign(seed=seed, way=way, nDCG=found["nDCG"], recall=found["recall"]))
    return pd.concat(rows, ignore_index=True), pd.concat(weights, ignore_index=True)


def compare_by_questions(results: pd.DataFrame, pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """How much more nDCG one way has than another, with the 95 % interval of a bootstrap over the questions.

    Questions that ask the same in other words are one unit, drawn together with all their seeds; the mean is over
    questions and seeds.

    Args:
        results: as `compare_searches` gives them.
        pairs: (way, other way).
    """
    rows = {}
    for way, other in pairs:
        for kind in (*KINDS, "all questions"):
            its = results if kind == "all questions" else results[results["kind"] == kind]
            table = its.pivot_table(index=["group", "question", "seed"], columns="way", values="nDCG")
            units = (table[way] - table[other]).groupby("group").agg(["sum", "count"]).to_numpy(float)
            drawn = resample_means(units, samples=_SAMPLES, seed=0)  # [sample, (sum, count)]
            low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
            by_seed = its.groupby(["seed", "way"])["nDCG"].mean().unstack()
            apart = by_seed[way] - by_seed[other]
            seeds = {"least seed": apart.min(), "highest seed": apart.max(), "units": len(units)}
            rows[f"{way} less {other}", kind] = {
                "gain": units[:, 0].sum() / units[:, 1].sum(),
                "low": low,
                "high": high,
            } | seeds
    return pd.DataFrame(rows).T.astype({"units": int})
