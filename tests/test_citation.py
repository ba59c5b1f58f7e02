"""What `kgwb.cite` says of every kind of run: what was typed, what can be checked by hand, and nothing that is not known."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.citation import AUTHORS, MACHINE, NOT_RECORDED, TITLE, YEAR, Citation
from kgwb.embed.embedding_files import digest_facts

FACTS = [(f"e{i}", "knows", f"e{(i * 7 + 1) % 12}") for i in range(12)]
TYPED = {"epochs": 3, "batch": 5, "learning_rate": 0.2, "seed": 4, "precision": "float32"}


def make_graph(facts: list[tuple[str, str, str]] = FACTS) -> kgwb.KnowledgeGraph:
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), name="circle")


def train(graph: Any, **options: Any) -> kgwb.GraphEmbedding:
    vectors = kgwb.GraphEmbedding(getattr(graph, "graph", graph), kgwb.ComplEx(), dim=4, seed=2)
    for _ in kgwb.train_embedding(vectors, graph, **TYPED | options):
        pass
    return vectors


def say(run: Any) -> dict[str, str]:
    return dict(kgwb.cite(run).parts)


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    """One of each kind."""
    graph = make_graph()
    split = kgwb.split_triples(graph, 0.2, 0.2, seed=7)
    vectors = train(split)
    questions = kgwb.make_questions(kgwb.verbalise(graph), graph)
    model = kgwb.inject(kgwb.load_bert("minilm"), vectors)
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(questions), epochs=1, batch=8, seed=5):
        pass
    return {
        "graph": graph,
        "split": split,
        "vectors": vectors,
        "untrained": kgwb.GraphEmbedding(graph, kgwb.TransE(), dim=4),
        "ranks": kgwb.rank_triples(vectors, split.test, known=split.known),
        "plain": kgwb.load_bert("minilm"),
        "model": model,
        "report": kgwb.probe({"plain": kgwb.load_bert("minilm"), "door": model}, questions),
    }


KINDS = ("graph", "split", "vectors", "untrained", "ranks", "plain", "model", "report")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_run_is_cited_in_lines_a_paragraph_and_a_table(runs: dict[str, Any], kind: str) -> None:
    citation = kgwb.cite(runs[kind])
    assert citation.parts[0][0] == "run" and all(part and value for part, value in citation.parts)
    assert citation.frame.columns.to_list() == ["part", "value"]
    assert list(citation.frame.itertuples(index=False, name=None)) == list(citation.parts)
    paragraph, _, lines = repr(citation).partition("\n\n")
    assert " ".join(paragraph.split()) == " ".join(citation.paragraph.split())
    assert [line.partition(": ")[0] for line in lines.splitlines()[: len(citation.parts)]] == [
        part for part, _ in citation.parts
    ]
    found = dict(citation.parts)
    if kind not in ("graph", "split"):
        assert all(part in found for part in MACHINE)
    if kind in ("vectors", "ranks", "model", "report"):
        now = {"kgwb": kgwb.__version__, "Python": platform.python_version(), "device": "cpu"}
        now |= {name: version(name) for name in ("torch", "transformers", "numpy")}
        assert found | now == found and found["threads"] == str(torch.get_num_threads())
    if kind in ("untrained", "plain"):
        assert {found[part] for part in MACHINE} == {NOT_RECORDED}
        assert "Computed with versions that were not recorded." in citation.paragraph


def test_hashes_are_those_of_the_data(runs: dict[str, Any]) -> None:
    graph, split = runs["graph"], runs["split"]
    names = [list(graph.entities["entity"]), list(graph.labels)]
    names += [list(graph.relations["relation"]), list(graph.relation_labels)]
    content = hashlib.sha256(json.dumps(names).encode() + np.array(graph.triples, dtype="<i8").tobytes()).hexdigest()
    assert content in say(graph)["graph"] and "12 triples, 12 entities, 1 relation" in say(graph)["graph"]

    def hash_ids(triples: np.ndarray) -> str:
        return hashlib.sha256(np.array(sorted(map(tuple, triples.tolist())), dtype="<i8").tobytes()).hexdigest()

    for part in ("train", "valid", "test"):
        assert say(split)[part].endswith(hash_ids(getattr(split, part)))
    for kind in ("vectors", "ranks", "model"):
        assert content in say(runs[kind])["graph"]
    ranks, whole = say(runs["ranks"]), hash_ids(split.known)
    assert ranks["ranked"].endswith(hash_ids(split.test)) and ranks["known triples"].endswith(whole)
    assert ranks["ranked by, split"].endswith(whole) and ranks["ranked by, trained on"].endswith(hash_ids(split.train))
    shuffled, other = make_graph(FACTS[::-1]), make_graph([*FACTS[1:], ("e0", "knows", "e2")])
    assert say(shuffled) == say(graph) and say(other)["graph"] != say(graph)["graph"]


def test_what_was_typed_is_what_is_said(runs: dict[str, Any]) -> None:
    found = say(runs["vectors"])
    assert found["seed of the split"] == "7" and found["seed of the vectors"] == "2"
    assert found["seed of training"] == "4" and found["epochs"] == "3 of 3"
    assert "batch=5, learning_rate=0.2, optimizer='adagrad'" in found["settings"]
    assert found["scorer"] == "ComplEx(), dim=4" and found["numbers of matmuls"] == "float32"
    model = say(runs["model"])
    assert model["seed of tuning"] == "5" and "policy='partial', epochs=1, batch=8" in model["settings of tuning"]
    assert model["door"] == "entity, control none" and "strength=2.0" in model["settings of the door"]
    assert all(figures in repr(runs["ranks"]) for figures in runs["ranks"].describe_run()["figures"].split("; "))
    report, accuracy = say(runs["report"]), runs["report"].frame.loc["door", "accuracy"]
    assert f"door {accuracy:.3f} (" in report["figures"] and report["protocol"] == runs["report"].protocol


def test_a_training_that_stopped_or_was_followed_by_another_says_so(tmp_path: Path) -> None:
    split = kgwb.split_triples(make_graph(), 0.2, 0.2)
    vectors = train(split, checkpoint=tmp_path / "run", epochs=2)
    assert say(vectors)["epochs"] == "2 of 2"
    for _ in kgwb.train_embedding(vectors, split, **TYPED | {"epochs": 2}):
        break
    found = say(vectors)
    assert found["epochs"] == "1 of 2" and found["earlier training 1, epochs"] == "2 of 2"
    best = train(split, epochs=9, patience=1, evaluate_every=1)
    assert re.search(r"\d of 9; the vectors are those of epoch \d, the best evaluation", say(best)["epochs"])


def test_a_training_that_was_resumed_is_one_training(tmp_path: Path) -> None:
    graph, options = make_graph(), TYPED | {"checkpoint": tmp_path / "run"}
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4, seed=2)
    for _ in kgwb.train_embedding(vectors, graph, **options):
        break
    for _ in kgwb.train_embedding(vectors, graph, **options):
        pass
    assert say(vectors)["epochs"].startswith("3 of 3; resumed after epoch 1, and with which versions those before ran")
    assert not any(part.startswith("earlier") for part in say(vectors))
    assert say(vectors)["split"] == "none: all triples of a graph"


def test_what_is_saved_comes_back_with_how_it_was_made(runs: dict[str, Any], tmp_path: Path) -> None:
    assert say(kgwb.load_embedding(runs["vectors"].save(tmp_path / "vectors"))) == say(runs["vectors"])
    assert say(kgwb.load_bert(runs["model"].save(tmp_path / "model"))) == say(runs["model"])
    for name in ("report.json", "report.csv"):
        assert say(kgwb.learn.read_report(runs["report"].save(tmp_path / name))) == say(runs["report"])


def test_what_an_earlier_kgwb_saved_loads_and_says_what_it_does_not_know(runs: dict[str, Any], tmp_path: Path) -> None:
    path = runs["vectors"].save(tmp_path / "vectors") / "embedding.json"
    facts = json.loads(path.read_text())
    for kept in (None, ["x"], [{"settings": 3}], 3):
        changed = {name: value for name, value in facts.items() if name not in ("trainings", "sha256")}
        changed |= {} if kept is None else {"trainings": kept}
        path.write_text(json.dumps(changed | {"sha256": digest_facts(changed)}))
        if kept is None:
            citation = kgwb.cite(kgwb.load_embedding(path.parent))
            assert dict(citation.parts)["run"].endswith("trained, but how was not recorded")
            assert "year" not in citation.bibtex and "was not recorded" in citation.bibtex
        else:
            with pytest.raises(kgwb.embed.EmbeddingFileError, match="'trainings' is no list of trainings"):
                kgwb.load_embedding(path.parent)
    report = runs["report"]
    earlier = kgwb.learn.ProbeReport(report.counts.drop(columns="answers"), report.relations, chance=report.chance)
    found = say(earlier)
    assert "(interval not recorded)" in found["figures"] and found["questions"] == "SHA-256 not recorded"
    assert found["seeds"] == "[0]; what they decide was not recorded" and found["settings of all runs"] == NOT_RECORDED


def test_a_ranker_of_ones_own_is_cited_by_what_it_says_itself(runs: dict[str, Any]) -> None:
    class Even:
        def __init__(self) -> None:
            self.graph = runs["graph"]

        def score_answers(self, known: Any, relation: Any, *, tails: int) -> torch.Tensor:
            return torch.zeros(len(known), len(self.graph.entities))

    class Telling(Even):
        def describe_run(self) -> dict[str, str]:
            return {"run": "an even guess", "seed": "none"}

    ranks = kgwb.rank_triples(Even(), runs["split"].test, known=None)
    assert say(ranks)["ranked by"] == "a ranker of the class Even; how it was made was not recorded"
    assert say(ranks)["known triples"] == "no filter"
    told = say(kgwb.rank_triples(Telling(), runs["split"].test, known=None))
    assert (told["ranked by"], told["ranked by, seed"]) == ("an even guess", "none")
    assert kgwb.cite(Telling()).parts == (("run", "an even guess"), ("seed", "none"))


def test_the_entry_for_bibtex_is_that_of_the_citation_file(repository: Path) -> None:
    text = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert f'title: "{TITLE}"' in text and re.findall(r'- name: "(.+)"', text) == list(AUTHORS)
    assert f"(c) {YEAR} " in (repository / "LICENSE").read_text(encoding="utf-8")
    entry = Citation((("run", "a run"), ("kgwb", kgwb.__version__))).bibtex
    assert f"version = {{{kgwb.__version__}}}" in entry and f"year    = {{{YEAR}}}" in entry
    assert entry.count("{") == entry.count("}") and "doi" not in entry.lower()
    other = Citation((("run", "a run"), ("kgwb", "0.0.1"))).bibtex
    assert "version = {0.0.1}" in other and "year" not in other


def test_the_report_of_a_plan_says_what_seeds_decide_and_how_its_vectors_were_trained(
    runs: dict[str, Any], tmp_path: Path
) -> None:
    graph = runs["graph"]
    questions = kgwb.make_questions(kgwb.verbalise(graph), graph)

    def plan(seed: int) -> Any:
        tasks = kgwb.MaskedAnswers(questions[:4])
        return kgwb.plan_runs(kgwb.load_bert("minilm"), train(graph, seed=seed), tasks, controls=(), epochs=1)

    fixed = say(kgwb.probe(plan(0), questions[4:], seeds=1, processes=1, folder=tmp_path))
    assert fixed["seeds"].startswith("0: of tuning; what it starts from")
    assert "policy='partial', epochs=1" in fixed["settings of all runs"]
    assert "entity.strength=2.0" in fixed["run 'entity'"]
    assert fixed["vectors, seed of training"] == "0" and "not recorded" not in fixed["vectors, computed with"]
    varied = kgwb.cite(kgwb.probe(plan, lambda seed: questions[4 + seed :], seeds=2, processes=1))
    assert dict(varied.parts)["seeds"] == "0, 1: of tuning, of the runs and of the questions"
    assert dict(varied.parts)["vectors of 'entity', seed 1, seed of training"] == "1"
    taken = say(kgwb.probe(plan(0), questions[4:], seeds=1, processes=1, folder=tmp_path))
    assert taken["kept answers"] == "2 rows of 2 came from a folder; with which versions was not recorded"


def test_the_report_of_a_model_that_was_tuned_before_says_how(runs: dict[str, Any]) -> None:
    graph = runs["graph"]
    questions = kgwb.make_questions(kgwb.verbalise(graph), graph)
    plain = kgwb.load_bert("minilm")
    model = kgwb.inject(plain, train(graph), mode="entity")
    assert list(kgwb.tune(model, kgwb.MaskedAnswers(questions[:4]), epochs=1, seed=5))
    found = say(kgwb.probe({"door": model, "again": model, "plain": plain}, questions[4:]))
    assert found["seeds"] == "none was drawn here: the models came as they are"
    assert found["model 'door', seed of tuning"] == "5" and "epochs=1" in found["model 'door', settings of tuning"]
    assert found["model 'plain'"].endswith("no tuning was recorded") and not any("'again'," in part for part in found)
