"""For notebook 09: facts taken away and sentences that state them, what is accepted beside its floors, a check by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kgwb.embed import GraphEmbedding, rank_triples, train_embedding
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn import carry_vectors
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.lessons.text_to_graph import Fact, shuffle_what_was_read
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_polyline, draw_shape
from kgwb.see.palette import TYPE_COLOURS, TypeMark
from kgwb.see.panels import Panel, draw_axes


@dataclass(frozen=True, repr=False)
class TakenAway:
    """A graph without some of its facts; made by `take_away`.

    Attributes:
        graph: as it was.
        lacking: what is left of it.
        facts: those of each part, by its name; "kept" holds the rest.
        sentences: those that state a part's facts.
    """

    graph: KnowledgeGraph
    lacking: KnowledgeGraph
    facts: Mapping[str, frozenset[Fact]]
    sentences: Mapping[str, Sequence[Sentence]]

    def __repr__(self) -> str:
        told = [
            f"{name} {len(its):,} facts, {len(self.sentences[name]):,} sentences" for name, its in self.facts.items()
        ]
        return f"TakenAway from {self.graph.name!r}: {'; '.join(told)}"


def take_away(
    graph: KnowledgeGraph,
    sentences: Iterable[Sentence],
    shares: Mapping[str, float],
    *,
    symmetric: Collection[str] = (),
    seed: int = 0,
) -> TakenAway:
    """Take shares of the facts out of a graph, and part the sentences by the facts that they state.

    Args:
        graph: stays as it is.
        sentences: those without a triple are left out.
        shares: for the name of each part, which share of all facts it takes.
        symmetric: relations told both ways; their facts go both ways at once, or the other one would give them away.
        seed: of the choice.
    """
    both = {graph.relation_id(name) for name in symmetric}
    facts: list[Fact] = [(head, relation, tail) for head, relation, tail in graph.triples.tolist()]
    one_way = [each for each in facts if each[1] not in both or each[0] <= each[2]]
    order = np.random.default_rng(seed).permutation(len(one_way))
    given: dict[str, frozenset[Fact]] = {}
    start = 0
    for name, share in shares.items():
        end = start + round(share * len(order))
        given[name] = tell_both_ways({one_way[i] for i in order[start:end]}, both)
        start = end
    given["kept"] = frozenset(facts).difference(*given.values())
    lacking = replace(graph, triples=np.array(sorted(given["kept"])))
    stated = [each for each in sentences if each.triple]
    told = {name: [each for each in stated if each.triple in its] for name, its in given.items()}
    return TakenAway(graph, lacking, given, told)


def tell_both_ways(facts: Iterable[Fact], symmetric: Collection[int]) -> frozenset[Fact]:
    """The facts, those of symmetric relations in either direction."""
    known = frozenset(facts)
    return known | {(tail, relation, head) for head, relation, tail in known if relation in symmetric}


def take_ids(candidates: pd.DataFrame) -> list[Fact]:
    """Candidates as triples of ids."""
    ids = candidates[["head", "relation", "tail"]].to_numpy(np.int64)
    return [(head, relation, tail) for head, relation, tail in ids.tolist()]


def list_stated(taken: TakenAway, part: str, *, most: int | None = None) -> frozenset[Fact]:
    """The facts that a part's sentences state, or the first so many of them; of a symmetric relation both ways."""
    stated = {each.triple for each in taken.sentences[part][:most] if each.triple}
    turned = {(tail, relation, head) for head, relation, tail in stated}
    return frozenset(stated) | (turned & taken.facts[part])


def compare_acceptance(
    candidates: pd.DataFrame,
    ways: Mapping[str, tuple[str, float]],
    right: Collection[Fact],
    graph: KnowledgeGraph,
    relations: Sequence[str] = (),
) -> pd.DataFrame:
    """A row for each way to accept: how many facts, precision, recall, and recall of some relations alone.

    Args:
        candidates: as `propose_facts` gives them; what the graph knows is left out.
        ways: for the name of each the column that decides, and from which value on.
        right: the facts that are to be found.
        graph: whose ids they are.
        relations: each gets a column.
    """
    wanted = {"recall": set(right)} | {
        f"recall of {name}": {each for each in right if each[1] == graph.relation_id(name)} for name in relations
    }
    new = candidates[~candidates["known"].to_numpy(bool)]
    rows = {}
    for name, (column, least) in ways.items():
        facts = set(take_ids(new[new[column] >= least]))
        share = len(facts & set(right)) / len(facts) if facts else float("nan")
        found = {kind: len(facts & its) / len(its) if its else float("nan") for kind, its in wanted.items()}
        rows[name] = {"accepted": len(facts), "precision": share, **found}
    return pd.DataFrame(rows).T


def trace_acceptance(candidates: pd.DataFrame, right: Collection[Fact], by: str = "probability") -> pd.DataFrame:
    """Precision and recall for each value from which on candidates may be accepted, the highest first.

    Candidates of one value are accepted together; those without a value come last.

    Args:
        candidates: as `propose_facts` gives them; what the graph knows is left out.
        right: the facts that are to be found.
        by: the column by which they are ordered.

    Returns:
        Columns `from` (the value), `accepted`, `precision`, `recall`.
    """
    new = candidates[~candidates["known"].to_numpy(bool)]
    new = new.assign(value=new[by].fillna(-np.inf)).sort_values("value", ascending=False, kind="stable")
    facts = set(right)
    truth = np.array([each in facts for each in take_ids(new)], dtype=bool)
    value = new["value"].to_numpy(np.float64)
    ends = np.flatnonzero(np.append(value[1:] < value[:-1], True)) if len(value) else np.empty(0, dtype=int)
    count, found = ends + 1, truth.cumsum()[ends]
    columns = {"from": value[ends], "accepted": count, "precision": found / count, "recall": found / max(1, len(facts))}
    return pd.DataFrame(columns)


def draw_acceptance(
    curves: Mapping[str, pd.DataFrame], *, wanted: float, chosen: Mapping[str, float] | None = None
) -> Picture:
    """Precision over recall, a line for each way to order the candidates, and where a threshold cuts it.

    Args:
        curves: as `trace_acceptance` gives them, by name.
        wanted: the precision asked for, a dashed line.
        chosen: the threshold of some of them.
    """
    curves, chosen = dict(curves), dict(chosen or {})
    low = min(0.5, *(float(curve["precision"].min()) for curve in curves.values()))
    panel = Panel(52, 34, WIDTH - 52 - 24, 240, (0.0, 1.0), (max(0.0, low), 1.02))
    drawn = [
        draw_axes(panel, title="Precision of what is accepted", x_name="recall: the share of the facts that is found")
    ]
    drawn.append(draw_polyline(panel.place(np.array([0.0, 1.0]), np.full(2, wanted)), role="line-muted", dashed=True))
    marks = [Mark(f"asked for: {wanted:g}", "muted", "dashed")]
    said = []
    for (name, curve), colour in zip(curves.items(), TYPE_COLOURS, strict=False):
        points = panel.place(curve["recall"].to_numpy(), curve["precision"].to_numpy())
        drawn.append(draw_polyline(points, colour=colour, width=2))
        marks.append(Mark(name, colour, "line"))
        if name in chosen:
            at = curve[curve["from"] >= chosen[name]].iloc[-1:]
            drawn += [
                draw_shape(TypeMark(colour, "open circle"), x, y, 7)
                for x, y in panel.place(at["recall"].to_numpy(), at["precision"].to_numpy())
            ]
            said += [f"{name} {each.precision:.2f} / {each.recall:.2f}" for each in at.itertuples()]
    if said:
        marks.append(Mark("at the threshold", "ink", "open circle"))
    legend, taken = draw_legend(marks, 12, panel.bottom + 46, WIDTH - 24)
    caption = "The higher the line, the fewer wrong facts come with what is found. Circles: where the threshold cuts."
    svg = draw_picture(
        [*drawn, legend],
        WIDTH,
        panel.bottom + 46 + taken,
        title="Precision over recall",
        caption=caption if said else "",
    )
    return Picture(
        svg, f"precision / recall at the threshold: {', '.join(said)}." if said else "precision over recall."
    )


def name_unknown(text: str, unknown: str, known: str, graph: KnowledgeGraph) -> Sentence:
    """A sentence that names something which the graph lacks (NIL), and an entity that it holds.

    Args:
        text: holds both names.
        unknown: no entity of the graph.
        known: the name of one.
        graph: the graph.
    """
    places = {name: (text.index(name), text.index(name) + len(name)) for name in (unknown, known)}
    return Sentence(text, (Mention(*places[unknown], -1), Mention(*places[known], graph.entity_id(known))))


def shuffle_accepted(accepted: pd.DataFrame, graph: KnowledgeGraph, *, seed: int = 0) -> pd.DataFrame:
    """As many candidates with the tails of each relation shuffled, so that none is among those accepted: the control.

    Args:
        accepted: as `view.accepted` gives them; what names an entity that the graph lacks is left out.
        graph: that they were proposed for.
        seed: of the shuffle.
    """
    known = accepted[(accepted[["head", "tail"]] >= 0).all(axis=1)]
    facts = np.array(shuffle_what_was_read(take_ids(known), graph, seed=seed)).reshape(-1, 3)
    labels = {f"{side}_label": [graph.labels[i] for i in facts[:, place]] for side, place in (("head", 0), ("tail", 2))}
    return known.assign(head=facts[:, 0], relation=facts[:, 1], tail=facts[:, 2], **labels)


def train_grown(
    vectors: GraphEmbedding, graphs: Mapping[str, KnowledgeGraph], *, epochs: int = 30, seed: int = 0
) -> dict[str, GraphEmbedding]:
    """For each graph the vectors carried to it and trained on; they themselves stay as they are.

    Args:
        vectors: of the graph before it grew.
        graphs: grown ones, and controls.
        epochs: of training, the same for all.
        seed: of training.
    """
    trained = {}
    for name, graph in graphs.items():
        trained[name] = carry_vectors(vectors, graph)
        for _epoch in train_embedding(trained[name], graph, epochs=epochs, seed=seed):
            pass
    return trained


def rank_untold(vectors: GraphEmbedding, graph: KnowledgeGraph, facts: Collection[Fact]) -> float:
    """The filtered MRR of facts, which are looked up by their names, since ids move where a graph grows.

    Args:
        vectors: of a graph with the same names, and perhaps others.
        graph: whose ids the facts have; what else it holds does not count as wrong.
        facts: that are ranked.
    """
    place = {name: i for i, name in enumerate(vectors.graph.entities["entity"])}
    entities = [place[name] for name in graph.entities["entity"]]
    links = {name: i for i, name in enumerate(vectors.graph.relations["relation"])}
    relations = [links[name] for name in graph.relations["relation"]]

    def move(rows: Iterable[Sequence[int]]) -> np.ndarray:
        return np.array([(entities[head], relations[link], entities[tail]) for head, link, tail in rows])

    return rank_triples(vectors, move(sorted(facts)), known=move(graph.triples.tolist())).mrr


def check_choose_threshold(choose_threshold: Callable[[list[float], list[bool], float], float]) -> Verdict:
    """Is it the lowest probability from which on enough are right?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.9, 0.8], [True, True], 0.9), 0.8),
        (([0.9, 0.8, 0.7], [True, True, False], 0.9), 0.8),
        (([0.9, 0.8, 0.7, 0.6, 0.5], [True, False, True, True, True], 0.75), 0.5),
        (([0.9, 0.8, 0.8], [True, True, False], 0.9), 0.9),
        (([0.3, 0.9, 0.6], [True, True, False], 0.6), 0.3),
        (([0.9, 0.8], [False, False], 0.5), math.inf),
    ]
    hint = (
        "For each probability, look at all candidates that have it or more: is the share of right ones large enough? Of those "
        "where it is, the lowest; infinity where there is none."
    )
    return check(choose_threshold, examples, hint=hint)
