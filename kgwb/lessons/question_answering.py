"""For notebook 11: facts taken away, answers by a rule, what each way answers as a picture, and checks by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, apply_rules, find_rules, follow_path
from kgwb.graph.building import freeze
from kgwb.learn import PathReader
from kgwb.lessons.answer_ways import answer_in_folds, find_refusal, join_answers, mark_given, part_groups
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.pictures import Picture
from kgwb.lessons.range_pictures import draw_ranges
from kgwb.lessons.seeing_a_space import shuffle_facts

_RULE = ("affects", "part_of", "disease_of")
Fact = tuple[str, str, str]


def remove_triples(graph: KnowledgeGraph, facts: np.ndarray) -> KnowledgeGraph:
    """The graph without some facts, given as ids."""
    gone = set(map(tuple, facts.tolist()))
    keep = [tuple(fact) not in gone for fact in graph.triples.tolist()]
    return KnowledgeGraph(freeze(graph.triples[keep]), graph.entities, graph.relations, graph.name, graph.notes)


def compare_reasons(reader: PathReader, its: pd.DataFrame, threshold: float, *, seed: int = 0) -> pd.DataFrame:
    """What becomes of right answers when their facts go, or one of these, or as many others near by.

    Args:
        reader: that answered.
        its: as `mark_given` gives them; only what was answered right, and not refused, is asked again.
        threshold: below which it refuses.
        seed: of the draw.

    Returns:
        A row for each question and what was removed: `removed`, `facts` (how many), `outcome` ("as before", "refused",
        "another answer").
    """
    graph, draw, rows = reader.graph, np.random.default_rng(seed), []
    asked = its[~its["lacks"] & its["right"] & (its["trust"] >= threshold)]
    for each in asked.itertuples():
        read = reader.answer([each.question])
        walks = [follow_path(graph, row.head, row.path).facts for row in read.itertuples()]
        drawn = np.unique(np.concatenate(walks), axis=0)
        near = draw.permutation(find_nearby(graph, drawn))[: len(drawn)]
        one = drawn[draw.integers(len(drawn), size=1)]
        for removed, facts in (("the facts drawn", drawn), ("one of them", one), ("others near by", near)):
            lacking = remove_triples(graph, facts)
            again = join_answers(reader.answer([each.question], graph=lacking)).iloc[0]
            same = "as before" if again["given"] == each.given else "another answer"
            outcome = "refused" if again["trust"] < threshold or not again["given"] else same
            rows.append({"question": each.question, "removed": removed, "facts": len(facts), "outcome": outcome})
    return pd.DataFrame(rows)


def repeat_reasons(reader: PathReader, asked: pd.DataFrame, *, seeds: int = 3) -> pd.DataFrame:
    """`compare_reasons` for several partings of the questions, each with the threshold of the part learnt from; with `seed`."""
    way, tables = "BERT, with the graph", []
    for seed in range(seeds):
        learnt, exam = part_groups(asked, seed=seed)
        fold = answer_in_folds(reader, learnt, seed=seed, ways=[way])[way]
        threshold = find_refusal(fold["trust"].tolist(), fold["lacks"].tolist())
        knowing = reader.know(learnt)
        its = mark_given(join_answers(knowing.answer(exam["question"].tolist())), exam)
        tables.append(compare_reasons(knowing, its, threshold, seed=seed).assign(seed=seed))
    return pd.concat(tables, ignore_index=True)


def find_nearby(graph: KnowledgeGraph, facts: np.ndarray) -> np.ndarray:
    """Facts that share an entity with some facts and are none of them, int64 [fact, 3]."""
    ends = np.union1d(facts[:, 0], facts[:, 2])
    touched = graph.triples[np.isin(graph.triples[:, 0], ends) | np.isin(graph.triples[:, 2], ends)]
    known = set(map(tuple, facts.tolist()))
    return touched[[tuple(fact) not in known for fact in touched.tolist()]]


def compare_rule(graph: KnowledgeGraph, *, seeds: int = 5, share: float = 0.3) -> pd.DataFrame:
    """Answers by "affects, then part_of" to what the system of a disease is, where that fact was taken away.

    Args:
        graph: the medicine graph.
        seeds: of the diseases drawn.
        share: of the diseases that lose the fact.

    Returns:
        A row for each seed: how many `diseases` are asked about; the `stated` (PCA) confidence of the rule in what is left; of
        the systems it names the share that is true (`precision`), and the share of diseases answered right: by the rule, by the
        commonest system, by the rule with the tails of part_of shuffled.
    """
    rows = []
    told = graph.triples[graph.triples[:, 1] == graph.relation_id(_RULE[2])]
    for seed in range(seeds):
        lacking = hide_systems(graph, seed=seed, share=share)
        gone = told[~np.isin(told[:, 0], lacking.triples[lacking.triples[:, 1] == told[0, 1], 0])]
        truth = pd.Series(gone[:, 2]).groupby(gone[:, 0]).agg(frozenset)
        commonest = pd.Series(told[~np.isin(told[:, 0], truth.index), 2]).mode().iloc[0]
        stated, found = conclude_systems(lacking)
        given = {head: found.get(head, frozenset()) for head in truth.index}
        _, untrue = conclude_systems(_shuffle_relation(lacking, _RULE[1], seed), stated_by=lacking)
        named = sum(map(len, given.values()))
        rows.append(
            {
                "seed": seed,
                "diseases": len(truth),
                "stated": stated,
                "precision": sum(len(given[head] & truth[head]) for head in truth.index) / max(1, named),
                "right by rule": np.mean([given[head] == truth[head] for head in truth.index]),
                "commonest system": np.mean([truth[head] == {commonest} for head in truth.index]),
                "part_of shuffled": np.mean([untrue.get(head, frozenset()) == truth[head] for head in truth.index]),
            }
        )
    return pd.DataFrame(rows).set_index("seed")


def hide_systems(graph: KnowledgeGraph, *, seed: int = 0, share: float = 0.3) -> KnowledgeGraph:
    """The medicine graph without the system of some diseases, drawn."""
    told = graph.triples[graph.triples[:, 1] == graph.relation_id(_RULE[2])]
    heads = np.random.default_rng(seed).permutation(np.unique(told[:, 0]))
    return remove_triples(graph, told[np.isin(told[:, 0], heads[: round(share * len(heads))])])


def conclude_systems(
    graph: KnowledgeGraph, *, stated_by: KnowledgeGraph | None = None
) -> tuple[float, dict[int, frozenset[int]]]:
    """The stated PCA confidence of the rule, and for each disease without a system what the rule gives."""
    rule = pick_rule(graph if stated_by is None else stated_by)
    frame = apply_rules(graph, rule).frame
    given = frame.groupby("head")["tail"].agg(frozenset)
    return float(rule["pca_confidence"].iloc[0]), given.to_dict()


def pick_rule(graph: KnowledgeGraph) -> pd.DataFrame:
    """The row of `find_rules` that says: affects, then part_of, gives disease_of."""
    rules = find_rules(graph, kinds=["composition"], min_support=2).frame
    first, second, implied = (graph.relation_id(name) for name in _RULE)
    return rules[(rules["path"] == (first, second)) & (rules["implied"] == implied)]


def _shuffle_relation(graph: KnowledgeGraph, relation: str, seed: int) -> KnowledgeGraph:
    shuffled, number = shuffle_facts(graph, seed=seed).triples, graph.relation_id(relation)
    triples = np.concatenate([graph.triples[graph.triples[:, 1] != number], shuffled[shuffled[:, 1] == number]])
    return KnowledgeGraph(freeze(np.unique(triples, axis=0)), graph.entities, graph.relations, graph.name, graph.notes)


def draw_ways(results: pd.DataFrame, ways: Sequence[str], figures: Sequence[str]) -> Picture:
    """Some figures of each way, over splits.

    Args:
        results: as `compare_ways` gives them.
        ways: from top to bottom.
        figures: columns of the results, from left to right.
    """
    measured = results.melt(["way", "seed"], list(figures)).set_index(["variable", "way", "seed"])["value"]
    return draw_ranges(
        measured,
        ways,
        title="Questions answered",
        caption=f"Share of questions, over {results['seed'].nunique()} splits.",
        marked="BERT, with the graph",
    )


def list_walks(graph: KnowledgeGraph, asked: dict[str, str]) -> dict[str, Any]:
    """The arguments of `follow`, and what `follow_path` gives, for entities and paths: what `use_answer` takes."""
    facts = list(graph.to_pandas()[["head", "relation", "tail"]].itertuples(index=False, name=None))
    names = graph.entities["entity"].tolist()
    return {
        "cases": {f"{start} {path}": (facts, start, path.split("/")) for start, path in asked.items()},
        "beside": {
            f"{start} {path}": sorted(names[end] for end in follow_path(graph, start, path).ends)
            for start, path in asked.items()
        },
    }


def check_follow(follow: Callable[[list[Fact], str, list[str]], list[str]]) -> Verdict:
    """Does it walk forwards and backwards, and leave out the start?"""
    facts = [
        ("flu", "treated_by", "rest"),
        ("cold", "treated_by", "rest"),
        ("cold", "treated_by", "tea"),
        ("tea", "interacts_with", "iron"),
        ("flu", "caused_by", "virus"),
    ]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((facts, "cold", ["treated_by"]), ["rest", "tea"]),
        ((facts, "rest", ["^treated_by"]), ["cold", "flu"]),
        ((facts, "cold", ["treated_by", "interacts_with"]), ["iron"]),
        ((facts, "flu", ["treated_by", "^treated_by"]), ["cold"]),
        ((facts, "flu", ["interacts_with"]), []),
        ((facts, "virus", ["caused_by"]), []),
        ((facts, "iron", ["^interacts_with", "^treated_by"]), ["cold"]),
    ]
    hint = (
        "Keep a set of where you are; for a step with ^ look for facts whose tail is in it, and go on to their heads."
    )
    return check(follow, examples, hint=hint, ordered=True)


def check_choose_refusal(choose_refusal: Callable[[list[float], list[bool]], float]) -> Verdict:
    """Is it the lowest threshold with the best F1 of refusals?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.2, 0.6, 0.9], [True, False, False]), 0.6),
        (([0.9, 0.2, 0.6], [False, True, True]), 0.9),
        (([0.1, 0.2, 0.3, 0.4], [True, False, True, False]), 0.4),
        (([0.1, 0.2, 0.3, 0.4, 0.5], [True, True, False, False, True]), 0.3),
        (([0.1, 0.2, 0.3, 0.4, 0.9], [True, False, False, True, False]), 0.2),
        (([0.1, 0.2, 0.25, 0.3, 0.4, 0.9], [True, False, False, False, True, False]), 0.2),
    ]
    draw = np.random.default_rng(0)
    for size in (6, 9, 12):
        trust = [round(float(each), 2) for each in draw.permutation(np.linspace(0.3, 0.9, size))]
        lacks = [bool(each + draw.normal(0, 0.15) < 0.55) for each in trust]
        examples.append(((trust, lacks), find_refusal(trust, lacks)))
    hint = (
        "Try each value of trust as the threshold: F1 = 2 × right refusals / (all refusals + all that lack an answer)."
    )
    return check(choose_refusal, examples, hint=hint)
