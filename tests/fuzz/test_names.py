"""Names and texts that people and programs do not expect: through every format, vectors, mentions, pictures and queries."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert
from kgwb.bert.tiny import train_tiny
from kgwb.embed import DistMult, GraphEmbedding, load_embedding, train_embedding
from kgwb.embed.exporting import write_vectors
from kgwb.embed.importing import read_vectors
from kgwb.graph import KnowledgeGraph, read_graph, read_split, split_triples, write_graph
from kgwb.graph.files.writing import write_split
from kgwb.learn import ProbeReport, read_report

PARTS = (
    "a",
    "B",
    "Zoë",
    "Zoe\u0308",
    "ﬁ",
    "北京",
    "चीन",
    "한국어",
    "عربي",
    "🙂",
    "👩\u200d👩\u200d👧",
    "ß",
    "İ",
    "\u0301",
    "\U0010ffff",
)
PARTS += (
    "\ud800",
    "\udfff",
    "\u200b",
    "\u200d\u200c",
    "\u00ad",
    "\ufeff",
    "\u202e",
    "\u2066",
    "\u00a0",
    "\u2028",
    "\x85",
    "\x0b",
)
PARTS += (
    "\x00",
    "\x01",
    "\x7f",
    "\t",
    "\n",
    "\r",
    "\r\n",
    " ",
    "  ",
    '"',
    "'",
    "\\",
    "\\n",
    "|",
    ",",
    ";",
    "#",
    "@",
    "%20",
    "&amp;",
)
PARTS += (
    "<script>",
    "]]>",
    "{}",
    "[MASK]",
    "[CLS]",
    "http://x.org/a b",
    "urn:kgwb:",
    "_:b",
    "-1",
    "1.0",
    "1e5",
    "nan",
    "None",
    "",
)
PARTS += ("head", "relation", "=1+1", "$x$", "a" * 3000, "é" * 700, "x" * 60, ".", "..", "/", "\ufffe", "\u0000é")


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(PARTS, k=chance.choice((1, 1, 1, 2, 3, 5))))


def _make_graph(chance: random.Random) -> KnowledgeGraph:
    names, relations = [_name(chance) for _ in range(chance.randrange(2, 7))], [_name(chance) for _ in range(2)]
    rows = [
        (chance.choice(names), chance.choice(relations), chance.choice(names)) for _ in range(chance.randrange(1, 9))
    ]
    entities = None
    if chance.random() < 0.6:
        known = list(dict.fromkeys(name for row in rows for name in (row[0], row[2])))
        entities = pd.DataFrame({"entity": known}, dtype=object)
        for column in chance.sample(("label", "aliases", "type", "description"), 2):
            entities[column] = pd.Series([_name(chance) for _ in known], dtype=object)
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"], dtype=object)
    graph = KnowledgeGraph.from_pandas(frame, entities)
    counted = sum(count for _, count in graph.notes)
    assert len(graph) == len(set(rows)) or counted, f"{len(set(rows)) - len(graph)} rows went in silence"
    return graph


def _tell(graph: KnowledgeGraph) -> tuple[object, ...]:
    tables = [table.astype(object).where(table.notna(), None) for table in (graph.entities, graph.relations)]
    columns = [{name: list(map(str, table[name])) for name in table} for table in tables]
    full = [
        {name: cells for name, cells in column.items() if any(cell not in ("", "None", "()", "[]") for cell in cells)}
        for column in columns
    ]
    return sorted(map(tuple, graph.to_pandas().to_numpy().tolist())), full


FORMATS = (".tsv", ".csv", ".txt", ".jsonl", ".parquet", ".nt", ".ttl", ".rdf", ".owl", ".graphml", "")


def test_written_and_read(withstand: Callable[..., None]) -> None:
    def go_round(chance: random.Random, folder: Path) -> None:
        graph, suffix = _make_graph(chance), chance.choice(FORMATS)
        for old in folder.glob("facts*"):
            old.unlink() if old.is_file() else None
        path = write_graph(graph, folder / (f"facts{suffix}" if suffix else f"f{chance.random()}"))
        again = read_graph(path)
        if suffix == ".txt":  # has no header of its own
            assert len(again) == len(graph)
            return
        assert len(again) == len(graph), f"{suffix}: {len(graph) - len(again)} facts went, notes {again.notes}"
        one, other = _tell(graph), _tell(again)
        assert one[0] == other[0], f"{suffix}: other facts"
        if suffix not in (".rdf", ".owl", ".nt", ".ttl", ".graphml"):
            assert one[1] == other[1], f"{suffix}: other tables: {one[1]} {other[1]}"[:400]

    withstand(go_round, 0.09)


def test_split_embedded_saved_and_ranked(withstand: Callable[..., None]) -> None:
    def go(chance: random.Random, folder: Path) -> None:
        graph = _make_graph(chance)
        split = split_triples(graph, valid=0.2, test=0.2, seed=chance.randrange(9))
        room = folder / f"r{chance.random()}"
        again = read_split(write_split(split, room / "split", openke=chance.random() < 0.3))
        assert [len(again.train), len(again.valid), len(again.test)] == [
            len(split.train),
            len(split.valid),
            len(split.test),
        ]
        embedding = GraphEmbedding(graph, DistMult(), dim=4)
        next(train_embedding(embedding, split))
        loaded = load_embedding(embedding.save(room / "vectors"))
        assert torch.equal(loaded.entity_vectors(), embedding.entity_vectors()) and _tell(loaded.graph) == _tell(graph)
        path = write_vectors(embedding, room / f"v{chance.choice(('.txt', '.npz', '.parquet'))}")
        found = read_vectors(path, graph, scorer=DistMult())
        assert torch.allclose(found.entity_vectors(), embedding.entity_vectors()), "other vectors"
        assert repr(kgwb.rank_triples(embedding, split.test, known=split.known)) if len(split.test) else True
        head = graph.entities["entity"][0]
        embedding.predict(head=head, relation=graph.relations["relation"][0])
        kgwb.find_leakage(split)

    withstand(go, 0.06)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    cache = tmp_path_factory.mktemp("cache")
    return kgwb.load_bert(
        train_tiny(["a b c d e"] * 3, layers=1, width=32, vocabulary=60, steps=1, cache=cache, progress=False)
    )


def test_in_texts(bert: Bert, withstand: Callable[..., None]) -> None:
    def read(chance: random.Random, folder: Path) -> None:
        graph = _make_graph(chance)
        names = [*graph.entities["label"], *graph.entities["entity"]]
        text = " ".join(chance.choice((_name(chance), chance.choice(names), "is in")) for _ in range(4))
        (mentions,) = kgwb.find_mentions([text], graph, bert.tokenizer)
        assert all(text[mention.start : mention.end] for mention in mentions)
        kgwb.bert.link_mentions([text], [mentions], graph)
        sentences = kgwb.verbalise(graph)
        assert repr(sentences)[:10]
        model = kgwb.inject(bert, GraphEmbedding(graph, DistMult(), dim=4), mode=chance.choice(("entity", "memory")))
        kgwb.read(model, text[:200])
        questions = kgwb.make_questions(sentences, graph)
        report = kgwb.probe({"plain": bert}, questions, folder=folder / f"kept{chance.random()}")
        assert repr(report) and report.frame is not None

    withstand(read, 0.04)


def test_in_pictures_and_queries(withstand: Callable[..., None]) -> None:
    def show(chance: random.Random, folder: Path) -> None:
        graph = _make_graph(chance)
        view = kgwb.show_graph(graph)
        view.save(folder / f"g{chance.choice(('.html', '.svg'))}", title=_name(chance))
        vectors = GraphEmbedding(graph, DistMult(), dim=4)
        if len(graph.entities) > 1:
            kgwb.show_space(vectors).save(folder / f"s{chance.choice(('.html', '.svg'))}")
        kgwb.query_graph(graph, "SELECT ?a ?b ?c WHERE { ?a ?b ?c }")
        expected = (graph.triples[:, 1] == 0).sum()
        if graph.relation_labels[0] and not graph.relation_labels[0].startswith("?"):
            found = kgwb.graph.match_pattern(graph, [("?a", graph.relations["relation"][0], "?b")])
            assert len(found) == expected, f"{expected - len(found)} facts are not found"
        kgwb.find_rules(graph)

    withstand(show, 0.04)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_in_reports(suffix: str, withstand: Callable[..., None]) -> None:
    def save(chance: random.Random, folder: Path) -> None:
        runs, relations = ({_name(chance) for _ in range(2)} for _ in range(2))
        counts = {"run": pd.Series([run for run in runs for _ in relations], dtype=object), "seed": 0}
        counts |= {"relation": pd.Series([*relations] * len(runs), dtype=object), "questions": 10, "correct": 4}
        kinds = pd.Series([*relations], dtype=object)
        table = pd.DataFrame({"relation": kinds, "questions": 10, "chance": 0.1, "majority": 0.3})
        report = ProbeReport(pd.DataFrame(counts), table, chance=0.1)
        again = read_report(report.save(folder / f"report{suffix}"))
        assert again.runs == report.runs and list(again.relations["relation"]) == list(report.relations["relation"])
        assert report.picture and report.to_latex() and repr(report)

    withstand(save, 0.02)
