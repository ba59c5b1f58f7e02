"""Processes of a probe that a script or a notebook asked for: nothing is said, and they end with who forked them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from kgwb.learn.probing import workers

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
psutil = pytest.importorskip("psutil")

pytestmark = [
    pytest.mark.skipif(bool(workers.why_not_fork()), reason=f"one process only: {workers.why_not_fork()}"),
    pytest.mark.usefixtures("nobody_is_left"),
]

SCRIPT = """
import os, sys, time
from pathlib import Path
import pandas as pd, torch, kgwb
room, seconds = Path(sys.argv[1]), float(sys.argv[2])
torch.set_num_threads(2)
bert = kgwb.load_bert("minilm")
facts = [["Ada", "speaks", "Ket"], ["Bo", "speaks", "Sol"]]
graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
questions = kgwb.make_questions(kgwb.verbalise(graph), graph)
def run(seed):
    (room / str(os.getpid())).touch()
    time.sleep(seconds)
    return bert
report = kgwb.probe({"own": run}, questions, seeds=2, processes=2)
_ = (room / "report").write_text(str(report.frame.loc["own", "seeds"]))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    (tmp_path / "said").mkdir()
    return path


def test_a_script_needs_no_guard_and_says_nothing(script, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(tmp_path / "said"), "0"],
        capture_output=True, text=True, check=False, env=environment, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "said" / "report").read_text() == "2" and len(list((tmp_path / "said").iterdir())) == 3


def test_a_notebook_s_own_functions_are_shared(tmp_path):
    before = f"import sys; sys.argv[1:] = [{str(tmp_path)!r}, '0']"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (before, SCRIPT)])
    quiet = ["--IPKernelApp.log_level=40"]
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", extra_arguments=quiet).execute()
    assert [cell.outputs for cell in notebook.cells] == [[], []]
    assert (tmp_path / "report").read_text() == "2" and len(list(tmp_path.iterdir())) == 3


def test_processes_end_with_the_one_that_forked_them(script, tmp_path):
    said = tmp_path / "said"
    with subprocess.Popen([sys.executable, str(script), str(said), "600"]) as parent:
        while len(list(said.iterdir())) < 2:
            assert parent.poll() is None
            time.sleep(0.05)
        parent.kill()
    children = [int(path.name) for path in said.iterdir()]
    for _ in range(600):
        if not any(map(psutil.pid_exists, children)):
            break
        time.sleep(0.05)
    assert not any(psutil.pid_exists(child) and psutil.Process(child).status() != "zombie" for child in children)
