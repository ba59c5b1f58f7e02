"""`~` is the home, in whatever path is given to a function that writes or reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kgwb
from kgwb.graph import KnowledgeGraph
from kgwb.learn import ProbeReport, read_corpus, read_report

FACTS = [("Paris", "capital of", "France"), ("Rome", "capital of", "Italy"), ("Rome", "near", "Paris")]
GRAPH = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


def _vectors() -> kgwb.GraphEmbedding:
    return kgwb.GraphEmbedding(GRAPH, kgwb.ComplEx(), dim=4)


def _train(checkpoint: str) -> None:
    for _ in kgwb.train_embedding(_vectors(), GRAPH, epochs=1, checkpoint=checkpoint):
        pass


def _report() -> ProbeReport:
    counts = pd.DataFrame([("plain", 0, "r", 4, 2)], columns=["run", "seed", "relation", "questions", "correct"])
    relations = pd.DataFrame({"relation": ["r"], "questions": 4, "chance": 0.5, "majority": 0.5})
    return ProbeReport(counts, relations, chance=0.5)


def _inject(bert: kgwb.bert.Bert) -> kgwb.bert.Bert:
    return kgwb.inject(bert, _vectors())


Case = tuple[str, Callable[[str, Any], object], Callable[[str, Any], object]]
CASES: dict[str, Case] = {
    "graph": ("g", lambda at, bert: kgwb.graph.write_graph(GRAPH, at), lambda at, bert: kgwb.read_graph(at)),
    "table": ("g.tsv", lambda at, bert: kgwb.graph.write_graph(GRAPH, at), lambda at, bert: kgwb.read_graph(at)),
    "split": (
        "s",
        lambda at, bert: kgwb.graph.write_split(kgwb.split_triples(GRAPH, 0, 0), at),
        lambda at, bert: kgwb.read_split(at),
    ),
    "embedding": ("v", lambda at, bert: _vectors().save(at), lambda at, bert: kgwb.load_embedding(at)),
    "checkpoint": ("c", lambda at, bert: _train(at), lambda at, bert: _train(at)),
    "vectors": (
        "v.npz",
        lambda at, bert: kgwb.embed.write_vectors(_vectors(), at),
        lambda at, bert: kgwb.embed.read_vectors(at, GRAPH, scorer=kgwb.ComplEx()),
    ),
    "door": (
        "d",
        lambda at, bert: _inject(bert).injector.save(at),  # type: ignore[union-attr]
        lambda at, bert: _inject(bert).injector.load(at),  # type: ignore[union-attr]
    ),
    "model": ("m", lambda at, bert: bert.save(at), lambda at, bert: kgwb.load_bert(at)),
    "report": ("r.json", lambda at, bert: _report().save(at), lambda at, bert: read_report(at)),
    "page": (
        "p.html",
        lambda at, bert: kgwb.show_graph(GRAPH).save(at),
        lambda at, bert: Path(at).expanduser().read_text(),
    ),
    "corpus": (
        "t.txt",
        lambda at, bert: Path(at).expanduser().write_text("A sentence. Another one."),
        read_corpus,
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_a_tilde_is_the_home(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    name, write, read = CASES[what]
    bert = kgwb.load_bert("minilm")
    write(f"~/{name}", bert)
    assert (tmp_path / "home" / name).exists()
    assert read(f"~/{name}", bert) is not False
    assert list((tmp_path / "here").iterdir()) == []
