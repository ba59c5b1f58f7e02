"""Training by hand: what Start, Stop and Resume give is what the plain loop gives, to the bit, and the Python says so."""

from __future__ import annotations

import time

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.embed.scorers import SCORERS
from kgwb.graph import KnowledgeGraph, Split
from kgwb.see import TrainingPanel
from kgwb.see.workbench.training_run import TrainingRun, propose_settings


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    rows = [(f"p{i}", "knows", f"p{(i * 7 + 3) % 20}") for i in range(20)]
    rows += [(f"p{i}", "lives in", f"t{i % 3}") for i in range(20)] + [
        (f"p{i}", "likes", f"p{(i + 5) % 20}") for i in range(20)
    ]
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="people")


@pytest.fixture(scope="module")
def split(graph: KnowledgeGraph) -> Split:
    return kgwb.split_triples(graph, 0.1, 0.1)


def run_code(code: str, **names: object) -> dict[str, object]:
    """What a cell leaves behind."""
    space: dict[str, object] = {"kgwb": kgwb, **names}
    exec(code, space)
    return space


@pytest.mark.parametrize("scorer", SCORERS)
def test_its_python_gives_the_same_vectors(scorer: str, split: Split) -> None:
    panel = TrainingPanel(split)
    panel.scorer.value = scorer
    assert panel.dim.value == propose_settings(scorer, 23)["dim"]
    panel.dim.value, panel.epochs.value = 8, 4
    panel.train()
    assert panel.message == "" and panel.training is not None
    again = run_code(panel.training.code, graph=split.graph, split=split)["vectors"]
    assert isinstance(again, kgwb.GraphEmbedding)
    assert torch.equal(again.entity_vectors(), panel.vectors.entity_vectors())


def test_stopped_and_taken_up_again_it_ends_as_if_it_had_never_stopped(split: Split) -> None:
    panel = TrainingPanel(split)
    panel.epochs.value, panel.dim.value = 150, 16
    panel.start()
    while panel.view is None or len(panel.view.records) == 0:
        time.sleep(0.001)
    panel.stop()
    assert panel.wait(60.0) and panel.training is not None
    stopped = len(panel.training.records)
    assert 0 < stopped < 150
    assert panel._resume.box.layout.display is None and panel._stop.box.layout.display == "none"
    half = run_code(panel.training.code, graph=split.graph, split=split)["vectors"]
    assert "islice" in panel.training.code and isinstance(half, kgwb.GraphEmbedding)
    assert torch.equal(half.entity_vectors(), panel.vectors.entity_vectors())
    panel.resume()
    assert panel.wait(60.0) and len(panel.frame) == 150 and panel.frame["number"].is_monotonic_increasing
    whole = TrainingRun(split, dim=16, epochs=150)
    for _ in whole:
        pass
    assert torch.equal(whole.vectors.entity_vectors(), panel.vectors.entity_vectors())
    panel.resume()
    assert panel.message == "All 150 epochs are done. Ask for more epochs, and press Start."


def test_the_minutes_end_it(split: Split) -> None:
    panel = TrainingPanel(split)
    panel.minutes.value = 0.0
    panel.train()
    assert len(panel.frame) == 1 and panel.message == "0 minutes are over. Press Resume to go on."


def test_while_it_runs_another_start_is_refused(split: Split) -> None:
    panel = TrainingPanel(split)
    panel.epochs.value, panel.dim.value = 100_000, 8
    panel.start()
    panel.start()
    assert panel.message == "A training is running. Press Stop first."
    panel.stop()
    assert panel.wait(60.0)


def test_what_cannot_be_trained_is_told_in_words(split: Split) -> None:
    panel = TrainingPanel(split)
    panel.epochs.value = 0
    panel._start.button.click()
    assert panel.message == "epochs=0 came. It must be at least 1; type epochs=1."
    panel.epochs.value, panel.dim.value = 2, 7
    panel._start.button.click()
    panel.wait(60.0)
    assert "dim" in panel.message and "Traceback" not in panel.message
    with pytest.raises(ValueError, match=r"Nothing was trained yet\. Press Start, or type panel\.start\(\)"):
        _ = TrainingPanel(split).vectors


def test_a_graph_without_held_out_facts_is_trained_too(graph: KnowledgeGraph) -> None:
    panel = TrainingPanel(graph)
    panel.epochs.value = 2
    panel.train()
    assert not [name for name in panel.frame.columns if "MRR" in name]
    assert panel.training is not None and "train_embedding(vectors, graph" in panel.training.code


def test_who_listens_is_told_the_end(split: Split) -> None:
    panel, ended = TrainingPanel(split), []
    panel.epochs.value, panel.ended = 2, ended.append
    panel.train()
    assert ended == [panel.training]


def test_the_picture_is_the_training_view_s(split: Split) -> None:
    panel = TrainingPanel(split)
    assert "not started" in panel.picture
    panel.epochs.value = 3
    panel.train()
    assert panel.view is not None and panel.picture == panel.view.picture and panel.caption == panel.view.caption
