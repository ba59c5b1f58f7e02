"""Texts in which a name may mean several entities, and which one it means: three data sets and what is withdrawn."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import kgwb
from kgwb.graph import KnowledgeGraph, Sentence, read_sentences

SAMPLES = Path(__file__).parents[2] / "sample_graphs"
CHINESE_MONEY = ("第纳尔", "法郎", "比索", "镑", "卢比", "先令", "克朗")
SHARED_COUNTRIES = ("Congo", "Guinea", "Korea", "Sudan", "Micronesia", "刚果", "几内亚", "苏丹")
Short = dict[int, dict[str, str]]  # entity -> language -> the name that it shares
Gold = dict[tuple[int, int], str | None]  # (start, end) -> the entity's name in the graph, None for one it lacks


@dataclass(frozen=True, eq=False)
class NamedTexts:
    """Texts, and what each marked span of them means."""

    graph: KnowledgeGraph
    texts: list[str]
    gold: list[Gold]


def read_archipelago() -> NamedTexts:
    """Every person by the byname alone, which five people share."""
    graph = kgwb.read_graph(SAMPLES / "archipelago")
    table = graph.entities
    short: Short = {
        person: {"en": table["label"][person].split()[-1], "zh": table["label_zh"][person].split("·")[-1]}
        for person in table.index[table["type"] == "person"]
    }
    return _shorten(graph, read_sentences(SAMPLES / "archipelago", graph), short)


def read_world() -> NamedTexts:
    """Currencies by their last word, capitals called as their country, and countries that share a word."""
    graph = kgwb.read_graph(SAMPLES / "world")
    table = graph.entities
    last_words = Counter(label.split()[-1] for label in table["label"][table["type"] == "currency"])
    shared = {word for word, count in last_words.items() if count > 1}
    short: Short = {}
    for entity, label, chinese, kind in table[["label", "label_zh", "type"]].itertuples():
        names: dict[str, str] = {}
        if kind == "currency":
            names = {"en": label.split()[-1] if label.split()[-1] in shared else label}
            names["zh"] = next(filter(chinese.endswith, CHINESE_MONEY), chinese)
        elif kind == "city" and label.endswith(" City"):
            names = {"en": label.removesuffix(" City"), "zh": chinese[:-1]}
        elif kind in ("country", "subregion"):
            names = {"en": next((word for word in SHARED_COUNTRIES if re.search(rf"\b{word}\b", label)), label)}
            names["zh"] = next((word for word in SHARED_COUNTRIES if word in chinese), chinese)
        short[entity] = names
    return _shorten(graph, read_sentences(SAMPLES / "world", graph), short)


def read_wikipedia(data: Path) -> NamedTexts:
    """FewRel's sentences from Wikipedia; their people and places by Wikidata id, some of them in FB15k-237."""
    table = pd.read_csv(data / "fb15k-237" / "entities.tsv", sep="\t", keep_default_na=False, quoting=3)
    files = [data / "fb15k-237" / f"{part}.txt" for part in ("train", "valid", "test")]
    facts = pd.concat(pd.read_csv(file, sep="\t", names=["head", "relation", "tail"]) for file in files)
    graph = KnowledgeGraph.from_pandas(facts, table.rename(columns={"id": "entity"}), name="fb15k-237")
    names = {wikidata: entity for entity, wikidata in zip(table["id"], table["wikidata_id"], strict=True) if wikidata}
    told = json.loads((data / "fewrel" / "val_wiki.json").read_text(encoding="utf-8"))
    pairs = [_read_fewrel(sentence, names) for sentences in told.values() for sentence in sentences]
    return NamedTexts(graph, [text for text, _ in pairs], [gold for _, gold in pairs])


def _read_fewrel(record: Mapping[str, list], names: Mapping[str, str]) -> tuple[str, Gold]:
    ends = np.cumsum([len(token) + 1 for token in record["tokens"]]) - 1
    gold: Gold = {}
    for _, wikidata, spans in (record["h"], record["t"]):
        for span in spans:
            start = int(ends[span[0]]) - len(record["tokens"][span[0]])
            gold[start, int(ends[span[-1]])] = names.get(wikidata)
    return " ".join(record["tokens"]), gold


def _shorten(graph: KnowledgeGraph, sentences: list[Sentence], short: Short) -> NamedTexts:
    """The sentences with the shared names in place of the full ones, and the graph with those names as aliases."""
    aliases = [(*own, *short.get(i, {}).values()) for i, own in enumerate(graph.entities["aliases"])]
    known = _rebuild(graph, graph.to_pandas(), graph.entities.assign(aliases=aliases))
    pairs = [_shorten_one(sentence, graph, short) for sentence in sentences]
    return NamedTexts(known, [text for text, _ in pairs], [gold for _, gold in pairs])


def _shorten_one(sentence: Sentence, graph: KnowledgeGraph, short: Short) -> tuple[str, Gold]:
    text, done, gold = "", 0, Gold()
    for mention in sentence.mentions:
        text += sentence.text[done : mention.start]
        name = short.get(mention.entity, {}).get(sentence.language, mention.text)
        gold[len(text), len(text) + len(name)] = graph.entities["entity"][mention.entity]
        text, done = text + name, mention.end
    return text + sentence.text[done:], gold


def hide_facts(named: NamedTexts, share: float) -> NamedTexts:
    """The same with a share of all facts withdrawn, so that many sentences tell what the graph does not."""
    facts = named.graph.to_pandas()
    kept = np.random.default_rng(0).random(len(facts)) >= share
    return NamedTexts(_rebuild(named.graph, facts[kept], named.graph.entities), named.texts, named.gold)


def remove_entities(named: NamedTexts, ambiguous: set[str], share: float) -> NamedTexts:
    """The same with a share of the ambiguous entities unknown to the graph: what names them means none of the rest."""
    gone = set(np.random.default_rng(0).permutation(sorted(ambiguous))[: round(share * len(ambiguous))].tolist())
    facts, table = named.graph.to_pandas(), named.graph.entities
    facts = facts[~(facts["head"].isin(gone) | facts["tail"].isin(gone))]
    graph = _rebuild(named.graph, facts, table[~table["entity"].isin(gone)])
    gold = [{span: None if name in gone else name for span, name in spans.items()} for spans in named.gold]
    return NamedTexts(graph, named.texts, gold)


def _rebuild(graph: KnowledgeGraph, facts: pd.DataFrame, entities: pd.DataFrame) -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(facts, entities, relations=graph.relations, name=graph.name)


def list_ambiguous(named: NamedTexts, names: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """The entities that share a name."""
    for entities in names.values():
        if len(entities) > 1:
            yield from (named.graph.entities["entity"][entity] for entity in entities)
