"""Linking names that several entities bear by a head that is tuned, beside link_mentions, which is not.

A third of the ambiguous entities is taken out of the graph, so that their names mean none of the rest (NIL). Tuned on the texts
of half of the names, and measured on those of the others.

python tests/benchmarks/entity_links.py      under 5 minutes of one core
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from ambiguous_names import NamedTexts, list_ambiguous, read_archipelago, read_world, remove_entities
from figures import begin, record

import kgwb
from kgwb.bert.linking import link_mentions
from kgwb.bert.mentions import find_candidates, fold_text, index_names
from kgwb.learn import EntityLinks, predict

SETS = {"archipelago": read_archipelago, "world": read_world}
log = logging.getLogger("bench")
Scores = dict[str, float]


def main() -> None:
    """Measure every set, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=300, help="to learn on, and as many to measure on")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    begin(threads=asked.threads)
    for name in asked.sets:
        for row in measure_set(name, asked):
            log.info("%s", " | ".join(row))
            record("entity-links", {"set": name, "row": row}, row)


def measure_set(name: str, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each way of linking, over seeds."""
    whole = SETS[name]()
    shared = set(list_ambiguous(whole, index_names(whole.graph).entities))
    named = remove_entities(whole, shared, 1 / 3)
    frame = list_rows(named, whole)
    scores: dict[str, list[Scores]] = {}
    sizes = []
    for seed in range(asked.seeds):
        seen, unseen = split_names(frame, asked.texts, seed)
        sizes.append((len(seen), len(unseen)))
        for way, given, seconds in link_all(named.graph, seen, unseen, asked.epochs, seed):
            scores.setdefault(way, []).append(judge(unseen["entity"], given) | {"seconds": seconds})
            log.info("%s, seed %d, %s: %s", name, seed, way, scores[way][-1])
    rows = f"{sizes[0][0]} + {sizes[0][1]} texts, {asked.epochs} epochs, {asked.seeds} seeds"
    for way, found in scores.items():
        table = pd.DataFrame(found)
        spelt = [f"{table[column].mean():.3f} ± {table[column].std():.3f}" for column in table.columns[:-1]]
        yield [name, rows, way, *spelt, f"{table['seconds'].mean():.0f}"]


def list_rows(named: NamedTexts, whole: NamedTexts) -> pd.DataFrame:
    """A row for each span whose name several entities of the whole graph bear, and the graph that is left knows."""
    before, now = index_names(whole.graph), index_names(named.graph)
    rows = [
        (text, span, meant, fold_text(text[slice(*span)]).text)
        for text, gold in zip(named.texts, named.gold, strict=True)
        for span, meant in gold.items()
        if len(find_candidates(text[slice(*span)], before)) > 1 and find_candidates(text[slice(*span)], now)
    ]
    return pd.DataFrame(rows, columns=["text", "span", "entity", "name"]).astype({"entity": object})


def split_names(frame: pd.DataFrame, most: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts of half of the names, and of the others."""
    names = np.random.default_rng(seed).permutation(sorted(frame["name"].unique()))
    is_seen = frame["name"].isin(names[: len(names) // 2])
    return tuple(
        part.sample(min(len(part), most), random_state=seed).reset_index(drop=True)
        for part in (frame[is_seen], frame[~is_seen])
    )


def link_all(
    graph: kgwb.KnowledgeGraph, seen: pd.DataFrame, unseen: pd.DataFrame, epochs: int, seed: int
) -> Iterator[tuple[str, Sequence[str | None], float]]:
    """What each way of linking gives, with the processor seconds that it learnt."""
    bert, names = kgwb.load_bert("minilm"), index_names(graph)
    called = graph.entities["entity"]
    first = [
        find_candidates(text[slice(*span)], names)[0] for text, span in zip(unseen["text"], unseen["span"], strict=True)
    ]
    yield "best connected", [called[entity] for entity in first], 0
    commonest = unseen.groupby("name")["entity"].agg(lambda meant: meant.value_counts(dropna=False).index[0])
    yield "most frequent meaning", [none_if_missing(commonest[name]) for name in unseen["name"]], 0
    yield "link_mentions", link_untrained(graph, unseen, bert), 0
    for way, known in (("EntityLinks", graph), ("EntityLinks, facts of others", shuffle_facts(graph, seed))):
        head_alone, tuned = kgwb.load_bert("minilm"), kgwb.load_bert("minilm")
        EntityLinks(seen, known).fit_head(head_alone)
        yield f"{way}, head alone", predict(head_alone, unseen)["given"].tolist(), 0
        began = time.process_time()
        for step in kgwb.tune(tuned, EntityLinks(seen, known), epochs=epochs, seed=seed):
            if step.number % 5 == 0:
                log.info("step %d of %d, loss %.3f", step.number, step.total, step.loss)
        yield f"{way}, tuned", predict(tuned, unseen)["given"].tolist(), time.process_time() - began


def none_if_missing(value: object) -> str | None:
    """The name of an entity, or None."""
    return value if isinstance(value, str) else None


def link_untrained(graph: kgwb.KnowledgeGraph, rows: pd.DataFrame, bert: kgwb.bert.Bert) -> list[str | None]:
    """What link_mentions gives for each span; None where it links none, or find_mentions finds no name."""
    texts = rows["text"].tolist()
    links = link_mentions(texts, kgwb.find_mentions(texts, graph, bert.tokenizer), graph, bert=bert)
    found = [{(each.start, each.end): each.entity for each in mentions} for mentions in links.mentions]
    places = zip(found, rows["span"], strict=True)
    return [graph.entities["entity"][those[span]] if span in those else None for those, span in places]


def shuffle_facts(graph: kgwb.KnowledgeGraph, seed: int) -> kgwb.KnowledgeGraph:
    """The twin: every entity has the facts and the description of another of its type."""
    table, random = graph.entities, np.random.default_rng(seed)
    other = np.arange(len(table))
    for _, same in table.groupby("type").groups.items():
        other[same] = random.permutation(same)
    named = dict(zip(table["entity"], table["entity"].to_numpy()[other], strict=True))
    facts = graph.to_pandas()
    facts = facts.assign(head=facts["head"].map(named), tail=facts["tail"].map(named))
    told = table.assign(description=pd.Series(table["description"].to_numpy(), index=other).sort_index())
    return kgwb.KnowledgeGraph.from_pandas(facts, told, relations=graph.relations, name=graph.name)


def judge(right: Sequence[str | None], given: Sequence[str | None]) -> Scores:
    """Right answers among all rows and among those that the graph knows; precision and recall of NIL."""
    pairs = [(none_if_missing(one), other) for one, other in zip(right, given, strict=True)]
    known = [one == other for one, other in pairs if one is not None]
    nil = sum(one is None and other is None for one, other in pairs)
    return {
        "all": float(np.mean([one == other for one, other in pairs])),
        "known": float(np.mean(known)),
        "NIL precision": nil / max(1, sum(other is None for _, other in pairs)),
        "NIL recall": nil / max(1, sum(one is None for one, _ in pairs)),
    }


if __name__ == "__main__":
    main()
