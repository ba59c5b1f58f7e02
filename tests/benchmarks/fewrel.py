"""Which relation a sentence of Wikipedia states: plain BERT, every door, and each door with shuffled knowledge.

FewRel's sentences, with head and tail in FB15k-237 by Wikidata id. To each is added "The [MASK] of head is tail.", and the
mask is chosen among FewRel's 16 relations. Asked twice: with the names as they are, and with X and Y in their place.

python tests/benchmarks/fewrel.py             about 25 minutes on two cores
python tests/benchmarks/fewrel.py --quick     about 4
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from figures import OUT, begin, record

import kgwb
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.learn.questions import MASK, Questions

DOORS = ("entity", "relation", "graph", "tower", "memory")
TEXTS: dict[str, tuple[str, str] | None] = {"names": None, "X and Y": ("X", "Y")}
log = logging.getLogger("bench")


@dataclass(frozen=True)
class Stated:
    """A sentence of FewRel.

    Attributes:
        relation: what it states.
        tokens: its words.
        spans: the tokens that name its head, and those that name its tail; often in several places.
        entities: head and tail as ids of the graph, None for one that is not there.
        reach: "linked" by a fact of the graph, "not linked" though both are in it, "one known", or "none known".
        new: whether it names no entity that a sentence to tune on names.
    """

    relation: str
    tokens: tuple[str, ...]
    spans: tuple[tuple[tuple[int, ...], ...], ...]
    entities: tuple[int | None, int | None]
    reach: str
    new: bool = False

    @property
    def kind(self) -> str:
        """All that the figures are told apart by."""
        return f"{self.relation} | {self.reach} | {'new' if self.new else 'seen'}"


def main() -> None:
    """Ask every run about both texts, and write down what came."""
    asked = read_arguments()
    data = begin("fb15k-237", "fewrel", threads=asked.threads)
    if data is None:
        return
    vectors = learn_vectors(data / "fb15k-237", asked.vector_epochs)
    stated = read_fewrel(data / "fewrel", vectors.graph)
    train, test = split_by_sentence(stated, asked.share)
    coverage = describe_coverage(stated, train, test)
    log.info("%s", json.dumps(coverage, indent=1))
    names = sorted({one.relation for one in stated})
    for text in asked.texts:
        start = time.perf_counter()
        tuned, probed = (ask_relations(part, names, vectors.graph, TEXTS[text]) for part in (train, test))
        report = ask_runs(vectors, tuned, probed, asked, text)
        compared = report.gains(group_kinds(test))
        seconds = time.perf_counter() - start
        setting = f"{text}; {len(train):,} + {len(test):,} sentences, {asked.epochs} epochs, {asked.seeds} seeds"
        values = {f"{run}, seed {seed}": value for (run, seed), value in report.accuracies.items()}
        figures = {"setting": setting, "coverage": coverage, "seconds": seconds, "values": values}
        figures["by group"] = compared.reset_index().to_dict("records")
        log.info("%s, %.0f s\n%s", setting, seconds, compared.round(3).to_string())
        for row in write_rows(compared):
            path = record("fewrel", figures, [setting, *row])
        log.info("written to %s", path)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the sentences and one seed")
    parser.add_argument("--doors", nargs="+", choices=DOORS, default=list(DOORS))
    parser.add_argument("--texts", nargs="+", choices=TEXTS, default=list(TEXTS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2, help="over the sentences to tune on")
    parser.add_argument("--share", type=float, default=0.8, help="of the sentences with a known entity")
    parser.add_argument("--vector-epochs", type=int, default=10, help="of ComplEx over FB15k-237")
    parser.add_argument("--keep", type=Path, help="a folder for answers; those that are in it are not asked again")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.share = 1, min(asked.share, 0.2)
    return asked


def learn_vectors(folder: Path, epochs: int) -> kgwb.GraphEmbedding:
    """ComplEx for so many epochs; where build/bench holds those of an earlier run, these."""
    split = kgwb.read_split(folder)
    kept = OUT / f"fewrel-vectors-{epochs}"
    if kept.is_dir():
        return kgwb.load_embedding(kept, split.graph)
    options = kgwb.preset("complex", "fb15k-237") | {"dim": 128, "epochs": epochs, "cool_down": epochs // 2}
    embedding = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=options.pop("dim"))
    seconds = sum(epoch.seconds for epoch in kgwb.train_embedding(embedding, split, **options))
    mrr = kgwb.rank_triples(embedding, split.valid, known=split.known).mrr
    log.info("ComplEx, 128 reals: %d epochs, %.0f s, validation MRR %.3f", epochs, seconds, mrr)
    embedding.save(kept)
    return embedding


def read_fewrel(folder: Path, graph: KnowledgeGraph) -> list[Stated]:
    """All sentences, with the names of their relations."""
    names = json.loads((folder / "pid2name.json").read_text(encoding="utf-8"))
    sentences = json.loads((folder / "val_wiki.json").read_text(encoding="utf-8"))
    entities = {wikidata: entity for entity, wikidata in enumerate(graph.entities["wikidata_id"]) if wikidata}
    facts = {(head, tail) for head, _, tail in graph.triples.tolist()}
    return [
        _read_sentence(sentence, names[property_][0], entities, facts)
        for property_, some in sentences.items()
        for sentence in some
    ]


def _read_sentence(
    sentence: Mapping[str, Any], relation: str, entities: Mapping[str, int], facts: set[tuple[int, int]]
) -> Stated:
    head, tail = (entities.get(sentence[side][1]) for side in "ht")
    reach = "none known" if head is None and tail is None else "one known"
    if head is not None and tail is not None:
        reach = "linked" if (head, tail) in facts or (tail, head) in facts else "not linked"
    spans = tuple(tuple(map(tuple, sentence[side][2])) for side in "ht")
    return Stated(relation, tuple(sentence["tokens"]), spans, (head, tail), reach)


def split_by_sentence(stated: Sequence[Stated], share: float) -> tuple[list[Stated], list[Stated]]:
    """Of the sentences with a known entity, half to tune on and half to ask, alike in relation and reach.

    A sentence to tune on that is also asked about, for another head or tail of it, is left out.
    """
    known = pd.Series([one for one in stated if one.reach != "none known"])
    known = known.groupby(known.map(lambda one: one.kind)).sample(frac=share, random_state=0).sort_index()
    test = known.groupby(known.map(lambda one: one.kind)).sample(frac=0.5, random_state=1).sort_index()
    texts = {one.tokens for one in test}
    train = [one for one in known.drop(test.index) if one.tokens not in texts]
    seen = {entity for one in train for entity in one.entities if entity is not None}
    return train, [replace(one, new=seen.isdisjoint(one.entities)) for one in test]


def describe_coverage(stated: Sequence[Stated], train: Sequence[Stated], test: Sequence[Stated]) -> dict[str, Any]:
    """How much of what the sentences name the graph knows, and how far guessing would come."""
    parts = {"all": stated, "to tune on": train, "asked": test}
    relations = Counter(one.relation for one in test)
    return {name: dict(Counter(one.reach for one in part)) for name, part in parts.items()} | {
        "asked about new entities": sum(one.new for one in test),
        "asked, by relation": dict(relations.most_common()),
        "accuracy of the commonest relation": max(relations.values()) / len(test),
    }


def ask_relations(
    stated: Sequence[Stated], names: Sequence[str], graph: KnowledgeGraph, spelt: tuple[str, str] | None
) -> Questions:
    """A question for each sentence.

    Args:
        stated: the sentences.
        names: of the relations to choose from; their places stand for entities, which no door here looks up.
        graph: of the mentions.
        spelt: what to write in place of head and tail, or None.

    Returns:
        Questions whose relations are the sentences' kinds, so that the probe counts each apart.
    """
    kinds = sorted({one.kind for one in stated})
    table = pd.DataFrame({"relation": kinds, "label": kinds, "description": ""})
    about = replace(graph, triples=graph.triples[:0], relations=table, name="fewrel")
    choices = tuple(range(len(names)))
    items = []
    for one in stated:
        text, mentions = _write(one, spelt)
        answer, kind = names.index(one.relation), kinds.index(one.kind)
        items.append(kgwb.learn.Question(text, mentions, -1, kind, answer, choices, tuple(names)))
    return Questions(about, tuple(items))


def _write(one: Stated, spelt: tuple[str, str] | None) -> tuple[str, tuple[Mention, ...]]:
    """The sentence and what is asked about it, with mentions of the entities that are known."""
    spans = {span[0]: (side, span) for side, some in enumerate(one.spans) for span in some}
    words: list[tuple[str, int | None]] = []
    place = 0
    while place < len(one.tokens):
        side, span = spans.get(place, (None, (place,)))
        name = " ".join(one.tokens[inner] for inner in span)
        words.append((name, None) if side is None else (spelt[side] if spelt else name, one.entities[side]))
        place = span[-1] + 1
    firsts = [" ".join(one.tokens[place] for place in some[0]) for some in one.spans]
    head, tail = zip(spelt or firsts, one.entities, strict=True)
    text, mentions = "", []
    for word, entity in [*words, (f"The {MASK} of", None), head, ("is", None), tail, (".", None)]:
        if entity is not None:
            mentions.append(Mention(len(text), len(text) + len(word), entity))
        text += f"{word} "
    return text.rstrip(), tuple(mentions)


def ask_runs(
    vectors: kgwb.GraphEmbedding,
    tuned: Questions,
    probed: Questions,
    asked: argparse.Namespace,
    text: str,
) -> kgwb.learn.ProbeReport:
    """Every run, tuned on some sentences and probed on others."""
    runs = kgwb.plan_runs(
        kgwb.load_bert("minilm"),
        vectors,
        kgwb.MaskedAnswers(tuned),
        modes=asked.doors,
        controls=("shuffled",),
        epochs=asked.epochs,
        policy="partial",
        batch=32,
    )
    return kgwb.probe(runs, probed, seeds=asked.seeds, progress=True, folder=asked.keep and asked.keep / text)


def group_kinds(test: Sequence[Stated]) -> dict[str, list[str]]:
    """The kinds of sentence that each column of the table counts."""
    groups = {"all": {one.kind for one in test}}
    for reach in ("linked", "not linked", "one known"):
        groups[reach] = {one.kind for one in test if one.reach == reach}
    groups["new"] = {one.kind for one in test if one.new}
    return {name: sorted(kinds) for name, kinds in groups.items() if kinds}


def write_rows(compared: pd.DataFrame) -> list[list[str]]:
    """A row for each run: accuracy of all with its spread, the gain over the best control, then group by group."""
    accuracy, spread = (compared[column].unstack("group") for column in ("accuracy", "spread"))
    gains = compared.loc["all"]
    groups = compared.index.unique("group")
    sizes = compared["questions"].groupby("group").first()
    rows = []
    for run in gains.index:
        gain, wobble, control = gains.loc[run, ["gain", "gain spread", "control"]]
        by_group = "; ".join(f"{name} ({sizes[name]:,}) {accuracy.loc[run, name]:.3f}" for name in groups[1:])
        over = f"{_write_value(gain, wobble, '+.3f')} over {control}" if control else ""
        rows.append([run, _write_value(accuracy.loc[run, "all"], spread.loc[run, "all"], ".3f"), over, by_group])
    return rows


def _write_value(mean: float, spread: float, form: str) -> str:
    """With its spread over seeds, where there were several."""
    return f"{mean:{form}}" + (f" ± {spread:.3f}" if spread == spread else "")


if __name__ == "__main__":
    main()
