"""For notebook 13: why a sentence was chosen, pictures of summaries, and checks of what is built by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph
from kgwb.learn import choose_covering
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.own_cases import Tried
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.lessons.range_pictures import draw_ranges
from kgwb.lessons.short_texts import Fact, ShortText
from kgwb.lessons.summaries import SETTINGS, Cover, cover_facts, rank_by_textrank, take_within
from kgwb.see.drawing import (
    draw_legend,
    draw_picture,
    draw_polyline,
    draw_shape,
    draw_text,
    measure_text,
    type_marks,
    wrap_text,
)
from kgwb.see.palette import mark_types

_ROW, _LEFT, _LINE = 23.0, 206.0, 17.0
_NEAR = {"far": SETTINGS["far"], "unknown": SETTINGS["unknown"]}
Pairs = Mapping[frozenset[int], Sequence[Fact]]


def tabulate_text(text: ShortText, graph: KnowledgeGraph) -> pd.DataFrame:
    """The sentences of a text with the names found in each, and how many facts it was written from."""
    names = [", ".join(graph.labels[entity] for entity in its) for its in text.names]
    stated = list(map(len, text.stated))
    return pd.DataFrame({"names found": names, "facts stated": stated}, pd.Index(text.sentences, name=repr(text)))


def choose_facts(text: ShortText, known: Pairs, *, share: float) -> tuple[list[Cover], list[int]]:
    """What each sentence covers by "facts, topic first", and which are chosen.

    Args:
        text: to be shortened.
        known: the facts of a graph, as `index_pairs` gives them.
        share: how much of the text's words a summary may have.
    """
    covers = cover_facts(text.names, known, **_NEAR)
    return covers, choose_covering(covers, text.costs, budget=share * sum(text.costs))


def find_only(covers: Sequence[Cover], chosen: Sequence[int]) -> dict[int, list[Fact]]:
    """Of each chosen sentence the facts that no other chosen one covers."""
    times = Counter(thing for place in chosen for thing in covers[place])
    return {place: [x for x in covers[place] if isinstance(x, tuple) and times[x] == 1] for place in chosen}


def compare_takings(texts: Sequence[ShortText], known: Pairs, *, share: float, seed: int = 0) -> pd.Series:
    """How many chosen sentences are chosen again after something was taken away, as shares of all that were.

    Args:
        texts: to be shortened.
        known: the facts of a graph, as `index_pairs` gives them.
        share: how much of a text's words a summary may have.
        seed: of the draw of other facts.

    Returns:
        "its own facts count nothing" (those that it alone covers), "its own facts not in the graph" (their names still count
        as a pair), "other facts count nothing" (as many, drawn from what the other chosen sentences cover), and "sentences",
        how many there are with facts of their own and enough others.
    """
    draw, rows = np.random.default_rng(seed), []
    for text in texts:
        covers, chosen = choose_facts(text, known, share=share)
        for place, own in find_only(covers, chosen).items():
            others = sorted({x for each in chosen for x in covers[each] if isinstance(x, tuple)} - covers[place].keys())
            if not own or len(others) < len(own):
                continue
            drawn = {others[each] for each in draw.permutation(len(others))[: len(own)]}
            left = {pair: [fact for fact in facts if fact not in own] for pair, facts in known.items()}
            again = {
                "its own facts count nothing": _drop(covers, own),
                "its own facts not in the graph": cover_facts(text.names, left, **_NEAR),
                "other facts count nothing": _drop(covers, drawn),
            }
            budget = share * sum(text.costs)
            rows.append({k: place in choose_covering(v, text.costs, budget=budget) for k, v in again.items()})
    return pd.concat([pd.DataFrame(rows).mean(), pd.Series({"sentences": len(rows)})])


def tabulate_takings(again: Mapping[int, pd.Series]) -> pd.DataFrame:
    """For each seed what `compare_takings` gave, and how many sentences it is a share of."""
    table = pd.DataFrame(again).round(2).rename_axis(columns="seed").astype(object)
    table.loc["sentences"] = table.loc["sentences"].astype(int)
    return table


def _drop(covers: Sequence[Cover], things: Iterable[Any]) -> list[Cover]:
    gone = set(things)
    return [{thing: worth for thing, worth in cover.items() if thing not in gone} for cover in covers]


def tabulate_reasons(text: ShortText, graph: KnowledgeGraph, known: Pairs, *, share: float) -> pd.DataFrame:
    """The chosen sentences in the order of the choice, each with the facts that it alone covers."""
    covers, chosen = choose_facts(text, known, share=share)
    only = find_only(covers, chosen)
    rows = {text.sentences[place]: "; ".join(_spell(fact, graph) for fact in only[place]) for place in chosen}
    return pd.DataFrame({"facts that only it covers": rows}).rename_axis("chosen")


def _spell(fact: Fact, graph: KnowledgeGraph) -> str:
    return f"{graph.labels[fact[0]]} — {graph.relation_labels[fact[1]]} → {graph.labels[fact[2]]}"


def list_coverings(texts: Sequence[ShortText], graph: KnowledgeGraph, *, count: int = 3) -> Tried:
    """For some texts the arguments of `choose_greedily`, with facts as words, and what kgwb chooses.

    Args:
        texts: of whose sentences the stated facts are covered.
        graph: for the labels.
        count: how many sentences may be chosen.
    """
    cases, beside = {}, {}
    for text in texts:
        name = graph.labels[text.topic]
        cases[name] = ([sorted(_spell(fact, graph) for fact in its) for its in text.stated], count)
        covers = [dict.fromkeys(its, 1.0) for its in text.stated]
        beside[name] = choose_covering(covers, [1] * len(covers), budget=count)
    return {"cases": cases, "beside": beside}


def list_summaries(
    text: ShortText, graph: KnowledgeGraph, chosen: Mapping[str, Sequence[int]]
) -> dict[str, tuple[Any, ...]]:
    """For each way the arguments of `measure_kept`: what each sentence states, which are chosen, and the facts that matter."""
    stated = [sorted(_spell(fact, graph) for fact in its) for its in text.stated]
    main = sorted(_spell(fact, graph) for fact in text.main)
    return {way: (stated, list(places), main) for way, places in chosen.items()}


def list_only(texts: Sequence[ShortText], graph: KnowledgeGraph, known: Pairs, *, share: float) -> Tried:
    """For TextRank's sentence of each text that shares most facts, the arguments of `find_reason` and what `find_only` gives.

    Args:
        texts: to be shortened.
        graph: for the labels.
        known: the facts of a graph, as `index_pairs` gives them.
        share: how much of a text's words the summary may have.
    """
    cases, beside = {}, {}
    for text in texts:
        covers, order = (
            cover_facts(text.names, known, **_NEAR),
            (-rank_by_textrank(text.sentences)).argsort(kind="stable"),
        )
        chosen = take_within(order, text.costs, share * sum(text.costs))
        facts = [sorted(_spell(x, graph) for x in cover if isinstance(x, tuple)) for cover in covers]
        only = find_only(covers, chosen)
        shared = {each: len(facts[each]) - len(only[each]) for each in chosen}
        place = max(chosen, key=shared.__getitem__)
        cases[text.sentences[place]] = (facts, chosen, place)
        beside[text.sentences[place]] = sorted(_spell(x, graph) for x in only[place])
    return {"cases": cases, "beside": beside}


def draw_kept(results: pd.DataFrame, ways: Sequence[str], *, marked: str = "facts, topic first") -> Picture:
    """What each way keeps of the facts, over seeds.

    Args:
        results: as `compare_summaries` gives them.
        ways: from top to bottom.
        marked: the way in another colour.
    """
    kinds = {"main facts kept": "facts about the topic", "facts kept": "all facts"}
    kept = results.rename(columns=kinds).melt(["way", "seed"], list(kinds.values()))
    return draw_ranges(
        kept.set_index(["variable", "way", "seed"])["value"],
        ways,
        title="What summaries keep",
        caption="Share of a text's facts that its summary keeps.",
        said="share of facts kept",
        marked=marked,
        ceiling="the best possible",
    )


def draw_summary(text: ShortText, graph: KnowledgeGraph, known: Pairs, *, share: float) -> Picture:
    """The text: what is chosen in ink, below it the facts that it alone covers, the rest grey.

    Args:
        text: to be shortened.
        graph: for labels and types.
        known: the facts of a graph, as `index_pairs` gives them.
        share: how much of the text's words the summary may have.
    """
    covers, chosen = choose_facts(text, known, share=share)
    only, y, types = find_only(covers, chosen), 26.0, graph.entities["type"].tolist()
    marks, shown, parts = mark_types(types), [], []
    for place, sentence in enumerate(text.sentences):
        begun = y
        for line in wrap_text(sentence, 12, WIDTH - 90):
            parts.append(draw_text(line, 44, y, role="ink" if place in chosen else "muted"))
            y += _LINE
        for head, relation, tail in only.get(place, ()):
            x = 60.0
            for entity, label in (
                (head, graph.labels[head]),
                (-1, graph.relation_labels[relation]),
                (tail, graph.labels[tail]),
            ):
                if entity >= 0:
                    parts.append(draw_shape(marks[types[entity]], x, y - 4, 4))
                    shown.append(types[entity])
                parts.append(draw_text(label, x + 10, y, role="ink" if entity >= 0 else "edge", size=11))
                x += measure_text(label, 11) + 22
            y += _LINE
        if place in chosen:
            parts.append(draw_text(str(chosen.index(place) + 1), 18, begun, weight=600))
            beside = np.array([[34, begun - 11], [34, y - 12]])
            parts.append(draw_polyline(beside, role="line-edge", width=3))
        y += 4
    legend, taken = draw_legend(type_marks(shown, marks), 44, y, WIDTH - 60)
    title = f"A summary of a text about {graph.labels[text.topic]}"
    caption = "In ink: chosen, and as which; below it the facts that no other chosen sentence covers."
    svg = draw_picture([*parts, legend], WIDTH, y + taken, title=title, caption=caption)
    return Picture(svg, f"{title}: {len(chosen)} of {len(text.sentences)} sentences are chosen.")


def check_choose_greedily(choose_greedily: Callable[[list[list[str]], int], list[int]]) -> Verdict:
    """Does each choice count only what is not covered yet?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([["a", "b", "c"], ["a", "b"], ["d"]], 2), [0, 2]),
        (([["d"], ["a", "b"], ["a", "b", "c"]], 2), [2, 0]),
        (([["a"], ["b"], ["a", "b", "c"], ["d", "c"]], 2), [2, 3]),
        (([["a", "b"], ["b", "a"], ["a"]], 3), [0]),
        (([["a", "b", "c"], ["d", "e"], ["a", "b"], ["f"]], 3), [0, 1, 3]),
        (([[], ["a"]], 2), [1]),
    ]
    hint = (
        "Keep a set of what is covered; a sentence is worth what it holds beyond that set, and 0 is not worth a choice."
    )
    return check(choose_greedily, examples, hint=hint, ordered=True)


def check_measure_kept(measure_kept: Callable[[list[list[str]], list[int], list[str]], tuple[float, float]]) -> Verdict:
    """Is it the share of the facts that matter, each counted once, and the share of statements said before?"""
    stated = [["a"], ["a", "b"], ["c"], [], ["b"]]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((stated, [0], ["a", "b"]), (0.5, 0.0)),
        ((stated, [0, 1], ["a", "b"]), (1.0, 1 / 3)),
        ((stated, [1, 4, 0], ["a", "c"]), (0.5, 0.5)),
        ((stated, [2, 3], ["a", "b"]), (0.0, 0.0)),
        ((stated, [3], ["a"]), (0.0, 0.0)),
        ((stated, [0, 1, 2, 4], ["a", "b", "c"]), (1.0, 0.4)),
    ]
    hint = "A fact that two chosen sentences state is kept once; said again is 1 less different facts by statements."
    return check(measure_kept, examples, hint=hint)


def check_find_reason(find_reason: Callable[[list[list[str]], list[int], int], list[str]]) -> Verdict:
    """Are they the facts of the sentence that no other chosen one covers?"""
    covers = [["a", "b"], ["b", "c"], ["a"], ["d"], ["c"]]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((covers, [0], 0), ["a", "b"]),
        ((covers, [0, 1], 0), ["a"]),
        ((covers, [1, 0, 3], 1), ["c"]),
        ((covers, [0, 2], 2), []),
        ((covers, [3, 0], 3), ["d"]),
        ((covers, [0, 1, 4], 1), []),
    ]
    hint = "Gather what the other chosen sentences cover; sentences that are not chosen take nothing away."
    return check(find_reason, examples, hint=hint)
