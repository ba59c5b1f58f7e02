"""Sentences as candidate facts: named, linked, read, weighed, and each listed once."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.bert import Bert, TaskHead
from kgwb.bert.tokenizing import list_texts
from kgwb.checks import expect_at_least, expect_flags, expect_kind, expect_share, expect_text
from kgwb.embed import GraphEmbedding
from kgwb.embed.graph_embedding import expect_embedding
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.graph.rules import Rules
from kgwb.learn.construction.fact_calibration import FactCalibration
from kgwb.learn.construction.pair_readings import PairReading, leave_out_long, read_relations
from kgwb.learn.construction.recognised_names import NIL, recognise_names
from kgwb.learn.construction.sources import find_contradictions, weigh_rules, weigh_types, weigh_vectors
from kgwb.learn.frames.entity_links import EntityLinks
from kgwb.learn.frames.entity_tags import EntityTags
from kgwb.learn.frames.relation_classes import RelationClasses
from kgwb.words import count_things, quote_value

log = logging.getLogger(__name__)
_CALL = "kgwb.learn.propose_facts(model, ['Paris is in France.'], graph)"
COLUMNS = [
    *("head", "relation", "tail", "head_label", "relation_label", "tail_label", "head_type", "tail_type"),
    *("probability", "by_text", "by_types", "by_vectors", "by_rules", "support", "known", "contradicts"),
    *("sentence", "head_start", "head_end", "tail_start", "tail_end", "stated_in"),
]

_NUMBERS = ("head", "relation", "tail", "by_text", "support", "head_start", "head_end", "tail_start", "tail_end")
_READ = {*COLUMNS} - {"by_types", "by_vectors", "by_rules", "known", "contradicts", "probability"}


def propose_facts(
    model: Bert,
    sentences: Sequence[str | Sentence],
    graph: KnowledgeGraph,
    *,
    vectors: GraphEmbedding | None = None,
    rules: Rules | None = None,
    calibration: FactCalibration | None = None,
    reader: str | None = None,
    tagger: str | None = None,
    linker: str | None = None,
    typed: bool = False,
    none: str = "none",
    least: int | float = 0.05,
    least_link: int | float = 0.0,
    functional: int | float = 0.95,
) -> pd.DataFrame:
    """Read sentences for facts that a graph may lack: a row for each candidate, the most probable first.

    Names are found (`find_mentions`, and a head of `EntityTags` where the model has one), linked (a head of `EntityLinks`,
    else `link_mentions`), and every two of a sentence read by a head of `RelationClasses`, both ways round. A candidate is a
    relation that gets `least` there; the same from several sentences is one row. What speaks for it stands in columns of
    their own, each from 0 to 1, NaN where a source is silent:

    - `by_text`: the probability of the relation, in the sentence where it is highest;
    - `by_types`: of the graph's facts between entities of these two types, the share that say this, this way round;
    - `by_vectors`: the share of other tails of the tail's type that score lower;
    - `by_rules`: the confidence of the most trusted rule that concludes it.

    `probability` joins them as `calibration` weighs them, and is `by_text` without one.

    Args:
        model: with a head of `RelationClasses` whose labels are relations of the graph and `none`.
        sentences: texts; the mentions that a `Sentence` brings are taken at their word.
        graph: what is known.
        vectors: of this graph.
        rules: that `find_rules` found in it.
        calibration: as `calibrate_facts` gives it.
        reader, tagger, linker: names of heads, needed where the model has several of a kind.
        typed: whether the reader sees the type of each name in its place, "city is the capital of country.", for which it
            must be tuned on such texts (Zhou & Chen, 2022); it then reads new wordings better where types tell relations apart.
        none: the reader's label for two names without a relation.
        least: the least probability in the text of a candidate; the log counts what stays below in all its sentences.
        least_link: the score below which `link_mentions` takes a name for none of the entities called so (NIL).
            Coherence, most of that score, is low for exactly what a graph does not know yet; hence 0.
        functional: from which share of heads with a single tail on another tail is a contradiction.

    Returns:
        Ids `head`, `relation`, `tail` (−1: the graph has no such entity, NIL; its label is as the text spells it), labels,
        types, `probability` and its sources, `support` (in how many sentences it is read), `known` (the graph holds it),
        `contradicts` (the tails that a functional relation has already, "" for none), the `sentence` that says it best,
        where that names the two (`head_start` to `tail_end`, in characters), and `stated_in`, the positions of all
        sentences that say it.

    Raises:
        ValueError: the model has no head of `RelationClasses`, or several; or the vectors are another graph's.
        UnknownNameError: a label of that head is no relation of the graph.

    Example:
        >>> from kgwb import load_bert
        >>> facts = pd.DataFrame([["Rome", "capital of", "Italy"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["Oslo", "Norway"]}))
        >>> rows = [("Rome is the capital of Italy.", (0, 4), (23, 28), "capital of")]
        >>> rows += [("Rome is the capital of Italy.", (23, 28), (0, 4), "none")]
        >>> bert = load_bert()
        >>> RelationClasses(pd.DataFrame(rows, columns=["text", "head", "tail", "label"])).fit_head(bert)
        >>> found = propose_facts(bert, ["Oslo is the capital of Norway."], graph)
        >>> found[["head_label", "relation_label", "tail_label", "known"]].values[0].tolist()
        ['Oslo', 'capital of', 'Norway', False]
    """
    expect_kind(model, Bert, "A BERT", call=_CALL)
    texts = list_texts(sentences, call=_CALL)
    expect_graph(graph, "kgwb.learn.propose_facts(model, sentences, {})")
    if vectors is not None:
        _expect_vectors(vectors, graph)
    expect_kind(rules, (Rules, type(None)), "Rules", call=f"{_CALL[:-1]}, rules=kgwb.find_rules(graph))")
    expect_kind(
        calibration, (FactCalibration, type(None)), "A FactCalibration", call=f"{_CALL[:-1]}, calibration=None)"
    )
    expect_flags(typed=typed)
    expect_text("none", none, usual="none")
    expect_share("least", least, usual=0.05)
    expect_at_least("least_link", least_link, 0)
    expect_share("functional", functional, usual=0.95)
    chosen = _find_head(model, RelationClasses.kind, reader, "reader")
    if chosen is None:
        raise ValueError(
            f"{model.name!r} has no head of relation classes, which reads relations. Tune it: kgwb.tune(model, "
            "kgwb.learn.RelationClasses(frame))."
        )
    head = model.heads[chosen]
    assert isinstance(head, TaskHead)
    labels = _find_relations(head, graph, none)
    texts = leave_out_long(model, texts)
    names = recognise_names(
        model,
        texts,
        graph,
        tagger=_find_head(model, EntityTags.kind, tagger, "tagger"),
        linker=_find_head(model, EntityLinks.kind, linker, "linker"),
        least_link=least_link,
    )
    readings = read_relations(model, texts, names, head, labels, typed=bool(typed))
    frame = _merge(readings, graph, least)
    facts = frame[["head", "relation", "tail"]].to_numpy(np.int64).reshape(-1, 3)
    nothing = np.full(len(frame), np.nan)
    held = set(map(tuple, graph.triples.tolist()))
    frame = frame.assign(
        by_types=weigh_types(graph, facts, frame["head_type"].tolist(), frame["tail_type"].tolist()),
        by_vectors=nothing if vectors is None else weigh_vectors(vectors, facts),
        by_rules=nothing if rules is None else weigh_rules(graph, rules, facts),
        known=np.array([tuple(fact) in held for fact in facts.tolist()], dtype=bool),
        contradicts=find_contradictions(graph, facts, functional),
        probability=frame["by_text"],
    )[COLUMNS]
    joined = frame if calibration is None else calibration.apply(frame)
    return joined.sort_values("probability", ascending=False, kind="stable", ignore_index=True)


def _expect_vectors(vectors: object, graph: KnowledgeGraph) -> None:
    expect_embedding(vectors, f"{_CALL[:-1]}, vectors=GraphEmbedding(graph, ComplEx()))")
    assert isinstance(vectors, GraphEmbedding)
    if vectors.graph.fingerprint != graph.fingerprint:
        raise ValueError(
            f"The vectors are of {vectors.graph.name!r}, the candidates of {graph.name!r}, and their entities differ. Type "
            "vectors=kgwb.learn.carry_vectors(vectors, graph), or leave them out."
        )


def _find_head(model: Bert, kind: str, name: object, argument: str) -> str | None:
    """The name of the model's head of a kind: the one asked for, the only one, or None where there is none."""
    names = [each for each, head in model.heads.items() if isinstance(head, TaskHead) and head.kind == kind]
    if name is None and len(names) < 2:
        return names[0] if names else None
    if not isinstance(name, str) or name not in names:
        came = "" if name is None else f"{argument}={quote_value(name)} came; "
        known = ", ".join(names) or "none"
        raise ValueError(
            f"{came}{model.name!r} has these heads of {kind}: {known}. Type {argument}={names[0] if names else None!r}."
        )
    return name


def _find_relations(head: TaskHead, graph: KnowledgeGraph, none: str) -> list[int | None]:
    """The relation of each of the head's labels; None for no relation."""
    if none not in head.labels:
        log.warning(
            "The head that reads relations has no label %r, so every two names get a relation. Tune it on pairs without one, "
            "or type none=... for what they are called.",
            none,
        )
    return [None if label == none else graph.relation_id(label) for label in head.labels]


def _merge(readings: Sequence[PairReading], graph: KnowledgeGraph, least: int | float) -> pd.DataFrame:
    """One row for each candidate, with the sentence that says it best and how many say it."""
    best: dict[tuple[int | str, int, int | str], tuple[float, PairReading]] = {}
    stated: dict[tuple[int | str, int, int | str], list[int]] = {}
    below = set()
    for reading in readings:
        ends = [each.text if each.entity == NIL else each.entity for each in (reading.head, reading.tail)]
        for relation, chance in reading.relations.items():
            key = (ends[0], relation, ends[1])
            if chance < least:
                below.add(key)
                continue
            stated.setdefault(key, []).append(reading.row)
            if key not in best or chance > best[key][0]:
                best[key] = (chance, reading)
    if below - set(best):
        log.info("%s below least=%g in every sentence.", count_things(len(below - set(best)), "candidate"), least)
    rows = []
    for key, (chance, reading) in best.items():
        head, tail, relation = reading.head, reading.tail, key[1]
        labels = [each.text if each.entity == NIL else graph.labels[each.entity] for each in (head, tail)]
        places = dict.fromkeys(stated[key])
        rows.append(
            {
                "head": head.entity,
                "relation": relation,
                "tail": tail.entity,
                "head_label": labels[0],
                "relation_label": graph.relation_labels[relation],
                "tail_label": labels[1],
                "head_type": head.type,
                "tail_type": tail.type,
                "by_text": chance,
                "support": len(places),
                "sentence": reading.text,
                "head_start": head.start,
                "head_end": head.end,
                "tail_start": tail.start,
                "tail_end": tail.end,
                "stated_in": tuple(places),
            }
        )
    found = pd.DataFrame(rows, columns=[name for name in COLUMNS if name in _READ])
    # Without a row pandas calls every column object, and what is joined with it, too.
    return found.astype({name: "float64" if name == "by_text" else "int64" for name in _NUMBERS})
