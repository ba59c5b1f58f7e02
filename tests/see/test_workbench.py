"""The whole path without a browser: from 150 facts to a page, and to a notebook that runs; what stops it is told in words."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as Tree
from pathlib import Path

import nbclient
import nbformat
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.see import Workbench
from kgwb.see.workbench.experiment import Experiment
from kgwb.see.workbench.experiment_step import STEPS
from kgwb.see.workbench.file_options import read_columns
from kgwb.see.workbench.notebook_file import write_notebook

TOWNS, TONGUES, CRAFTS = ("Arlen", "Breck", "Corve", "Dunmar"), ("Ket", "Sol"), ("weaving", "baking", "fishing")
FIRST = "Mira Tolan Ossa Wen Jorah Perrin Sefa Ulm Dara Kellan Ines Bram Tess".split()


def write_facts(count: int = 150) -> bytes:
    """A village as someone would type it into a table: where one lives decides what one speaks."""
    draw = random.Random(0)
    people = [f"{first} {last}" for first in FIRST for last in ("Hale", "Vance", "Quill")]
    rows = [(town, "language", TONGUES[i % 2]) for i, town in enumerate(TOWNS)]
    for i, person in enumerate(people):
        town = draw.randrange(len(TOWNS))
        rows += [(person, "lives in", TOWNS[town]), (person, "speaks", TONGUES[town % 2])]
        rows += [(person, "practises", draw.choice(CRAFTS)), (person, "knows", people[i - 1])]
    lines = [",".join(row) for row in rows[:count]]
    return ("head,relation,tail\n" + "\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def facts() -> bytes:
    return write_facts()


@pytest.fixture(scope="module")
def made(facts: bytes, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A workbench that went the whole path with three presses: a file, all the rest, the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("own"))
        workbench = Workbench()
        workbench.facts.take_drop("village.csv", facts)
        assert workbench.training is not None
        workbench.training.dim.value, workbench.training.epochs.value = 32, 20
        workbench.do_rest()
        assert workbench.wait(300.0)
        workbench.saving.save_page()
        workbench.saving.save_notebook()
    return workbench


def test_a_file_of_150_facts_reaches_a_page_with_attention_before_and_after(made: Workbench) -> None:
    assert made.experiment.graph is not None and len(made.experiment.graph) == 150
    assert list(made.frame["step"]) == list(STEPS)
    page = made.saving.written[0].read_text(encoding="utf-8")
    assert page.count("kgwb_attention.show(") == 1
    for heading in ("The facts of village", "Facts become vectors", "Answers, before and after", "Where BERT looks"):
        assert f'<h2 dir="auto">{heading}' in page
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"<[a-z][^<>]*\s(?:src|href)=[\"']?(?!data:)[^\"'\s>]+", markup)


def test_the_notebook_that_it_saves_runs_and_gives_the_same(made: Workbench) -> None:
    page, notebook, facts = made.saving.written
    assert (page.name, notebook.name, facts.name) == ("workbench.html", "workbench.ipynb", "village.csv")
    read = nbformat.read(notebook, as_version=4)
    nbformat.validate(read)
    code = [cell.source for cell in read.cells if cell.cell_type == "code"]
    assert code[0].startswith("import kgwb\n") and code[1:] == list(made.frame["code"])[1:]
    sums = ["vectors.entity_vectors()", "after.attention", "after.hidden"]
    asked = f"[float(each.double().square().sum()) for each in ({', '.join(sums)})]"
    # Sums over other threads are other sums, and tuning carries that on.
    read.cells.insert(0, nbformat.v4.new_code_cell(f"import torch\ntorch.set_num_threads({torch.get_num_threads()})"))
    read.cells.append(nbformat.v4.new_code_cell(asked))
    nbclient.NotebookClient(read, timeout=300, resources={"metadata": {"path": str(notebook.parent)}}).execute()
    comparison, run = made.experiment.comparison, made.experiment.run
    assert comparison is not None and run is not None
    tensors = (run.vectors.entity_vectors(), comparison.after.attention, comparison.after.hidden)
    found = eval(read.cells[-1].outputs[0].data["text/plain"])
    assert found == pytest.approx([float(each.double().square().sum()) for each in tensors], rel=1e-5)


def test_what_it_shows_is_the_steps_as_data_and_as_a_still_picture(made: Workbench) -> None:
    assert made.selection.equals(made.frame)
    words = " ".join("".join(Tree.fromstring(made.picture).itertext()).split())
    assert words.count("✓") == len(STEPS) and "not yet" not in words
    assert "not yet" in Workbench().picture


def test_a_step_made_again_takes_away_what_stood_on_it(made: Workbench, facts: bytes) -> None:
    experiment = Experiment()
    experiment.read_content("village.csv", facts)
    for _ in experiment.train(dim=8, epochs=2):
        pass
    assert [step.name for step in experiment.steps] == ["facts", "vectors", "ranking", "space"]
    experiment.read_content("other.csv", facts)
    assert [step.name for step in experiment.steps] == ["facts"] and experiment.run is None and experiment.ranks is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("vectors", "There are no facts yet. Drop a file into step 1."),
        ("ranking", "There are no facts yet. Drop a file into step 1."),
        ("door", "There are no facts yet. Drop a file into step 1."),
        ("attention", "There are no facts yet. Drop a file into step 1."),
        ("page", "There are no facts yet. Drop a file into step 1."),
        ("facts", ""),
    ],
)
def test_what_is_missing_is_the_first_thing_to_do(name: str, why: str) -> None:
    assert Experiment().explain_missing(name) == why


def test_with_facts_the_next_thing_is_said(facts: bytes) -> None:
    experiment = Experiment()
    experiment.read_content("village.csv", facts)
    assert experiment.explain_missing("vectors") == ""
    assert experiment.explain_missing("attention") == "There are no vectors yet. Press Start in step 2."
    with pytest.raises(ValueError, match=r"There are no vectors yet\. Press Start in step 2\."):
        experiment.open_trial()
    with pytest.raises(ValueError, match=r"name='vector' came\. Type one of 'facts'"):
        experiment.explain_missing("vector")
    with pytest.raises(ValueError, match=r"Not one epoch was trained\. Press Start"):
        experiment.take_vectors(experiment.start_training(dim=4, epochs=1))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "a.csv is empty. Expected triples, one per line"),
        ("a.csv", b"x,y\n1,2\n", "a.csv has no columns 'head', 'relation', 'tail'"),
        ("a.xyz", b"a\tb\tc\n", "a.xyz ends in '.xyz', which is no format known here"),
        ("a.csv", b"head,relation,tail\n", "'a' holds no facts. Drop a file with a line for each"),
        ("a.tsv", b"head\trelation\ttail\na\tb\n", "a.tsv, line 2"),
        ("a.csv", b"head,relation,tail\nM\xfcller,knows,Bo\n", "encoding"),
        ("a.parquet", b"PAR1nonsense", "a.parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_words(name: str, content: bytes, said: str) -> None:
    workbench = Workbench()
    workbench.facts.take_drop(name, content)
    message = workbench.facts.message
    assert said in message and "Traceback" not in message and "/tmp" not in message
    assert workbench.facts.controls.children[1].layout.display is None  # what helps is in sight
    assert not workbench.experiment.steps and workbench._rest.button.disabled
    assert "There are no facts yet" in workbench._rest.why.value


def test_other_columns_and_broken_lines_can_be_read_all_the_same() -> None:
    workbench = Workbench()
    workbench.facts.columns.value, workbench.facts.skip.value = "from, verb, to", True
    workbench.facts.take_drop("a.csv", b"from,verb,to\nAnn,knows,Bo\nbroken\nBo,knows,Cy\n")
    graph = workbench.experiment.graph
    assert graph is not None and len(graph) == 2 and "Counted while reading: 1" in workbench.facts._counts.value
    code = workbench.experiment.steps[0].code.splitlines()[0]
    assert code == "graph = kgwb.read_graph('a.csv', columns=('from', 'verb', 'to'), on_error='skip')"


def test_a_path_is_read_where_it_is_and_an_unknown_one_is_told(tmp_path: Path, facts: bytes) -> None:
    (tmp_path / "village.csv").write_bytes(facts)
    workbench = Workbench()
    workbench.facts.path.value = str(tmp_path / "vilage.csv")
    assert "Near it are 'village.csv'" in workbench.facts.message
    workbench.facts.path.value = str(tmp_path / "village.csv")
    assert workbench.facts.message == "" and workbench.facts.frame.columns[0] == "relation"
    table = workbench.experiment.graph.to_pandas()  # type: ignore[union-attr]
    assert workbench.facts.frame.set_index("relation")["facts"].to_dict() == table["relation"].value_counts().to_dict()


@pytest.mark.parametrize("typed", ["a, b", "a,,c", "a b c"])
def test_columns_are_three(typed: str) -> None:
    with pytest.raises(ValueError, match="Expected three names, or three positions from 0; type head, relation, tail"):
        read_columns(typed)


def test_hostile_names_stay_text_everywhere() -> None:
    hostile = "<img src=x onerror=hit()>"
    workbench = Workbench()
    workbench.facts.take_drop("a.tsv", f"head\trelation\ttail\n{hostile}\t{hostile}r\tBo\nBo\tknows\tCy\n".encode())
    workbench.facts.take_drop(f"{hostile}.tsv", b"")
    values = [workbench.facts._said.value, workbench.facts._relations.value, workbench.facts._code.value]
    assert all("<img" not in value for value in values) and "&lt;img" in values[1]


def test_nothing_is_overwritten_that_it_did_not_write(made: Workbench, tmp_path: Path) -> None:
    other = tmp_path / "page.html"
    other.write_text("mine")
    made.saving.page_name.value = str(other)
    made.saving._page.button.click()
    assert (
        made.saving.message == f"FileExistsError: {other} is there already. Type another name, for example page-2.html."
    )
    assert other.read_text() == "mine"
    made.saving.page_name.value = "no/page.txt"
    made.saving._page.button.click()
    assert "ends in .txt" in made.saving.message
    (tmp_path / "village.csv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds something else\. Save the notebook in another folder"):
        made.experiment.save_notebook(tmp_path / "a.ipynb")


def test_a_graph_that_is_given_is_saved_beside_its_notebook(tmp_path: Path) -> None:
    frame = pd.DataFrame([("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Ada", "knows", "Bo")])
    graph = kgwb.KnowledgeGraph.from_pandas(frame.set_axis(["head", "relation", "tail"], axis=1), name="people")
    experiment = Workbench(graph).experiment
    notebook, folder = experiment.save_notebook(tmp_path / "a.ipynb")
    assert kgwb.read_graph(folder).to_pandas().equals(graph.to_pandas())
    code = next(cell.source for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code")
    assert "graph = kgwb.read_graph('a-facts')" in code


def test_the_rest_stops_where_it_is_asked_to(facts: bytes) -> None:
    workbench = Workbench()
    workbench.facts.take_drop("village.csv", facts)
    assert workbench.training is not None
    workbench.training.epochs.value, workbench.training.dim.value = 100_000, 8
    workbench.do_rest()
    while workbench.training.view is None or len(workbench.training.view.records) == 0:
        pass
    workbench.stop()
    assert workbench.wait(60.0)
    assert workbench.experiment.has("vectors") and not workbench.experiment.has("door")
    assert "Stopped" in workbench.message and workbench.training.training is not None
    assert not workbench.training.training.is_over


@pytest.mark.parametrize("place", range(5))
def test_every_step_says_what_is_missing_and_nothing_raises(place: int) -> None:
    workbench = Workbench()
    workbench._steps[place].click()
    assert workbench._missing.value == (
        "" if place == 0 else "<div>There are no facts yet. Drop a file into step 1.</div>"
    )


def test_facts_of_which_none_makes_a_question_still_reach_a_page(tmp_path: Path) -> None:
    workbench = Workbench()
    workbench.facts.take_drop(
        "a.tsv", b"head\trelation\ttail\n" + b"".join(b"a%d\tr%d\tb\n" % (i, i) for i in range(9))
    )
    workbench.do_rest()
    assert workbench.wait(120.0)
    assert workbench.message.startswith(
        "No fact of 'a' makes a question, so no door can be tuned. A relation needs two"
    )
    workbench.saving.page_name.value = str(tmp_path / "page.html")
    workbench.saving.save_page()
    assert "kgwb_attention" not in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "without attention so far: tune a door in step 4" in workbench.saving._page.why.value


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError, match="there are 5"):
        Workbench().open_step(7)
    with pytest.raises(ValueError, match="holds no facts"):
        Experiment().take(kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(columns=["head", "relation", "tail"])))


def test_a_notebook_ends_in_ipynb(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.py"):
        write_notebook(tmp_path / "a.py", [("Facts", "graph")], title="A")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_notebook(tmp_path, [("Facts", "graph")], title="A")


def test_outside_a_notebook_it_is_a_picture() -> None:
    bundle = Workbench()._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["image/svg+xml"].startswith("<svg")
