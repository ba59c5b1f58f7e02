"""Write then read gives the same graph, in every format."""

from __future__ import annotations

import csv
import pathlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.graph import GraphFileError, KnowledgeGraph, read_graph, write_graph

Tables = tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None]
Same = Callable[[KnowledgeGraph, KnowledgeGraph], None]
EVERYTHING = ("folder", "a.tsv", "a.csv", "a.txt", "a.jsonl", "a.parquet", "a.nt", "a.ttl")
XML = ("a.rdf", "a.owl", "a.graphml")

# Letters that formats trip over, beside any others.
TRICKY = "\t\n\r\"',;|\\#&<>% .\ufeff\u2028\x00\x1f\x85é中𝄞�aA0_-:/"
TEXTS = st.one_of(
    st.text(alphabet=TRICKY, max_size=5),
    st.text(max_size=5),
    st.sampled_from(
        ["007", "NA", "nan", "null", "1e5", "http://example.org/a#b", "# note", '"Heroes"', '"a" b', "_:b0"]
    ),
)
PLAIN_TEXTS = TEXTS.map(lambda text: "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff")))
RATHER_QUICK = settings(max_examples=60)


@st.composite
def tables(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> Tables:
    """None to a few triples over few names, so that loops, duplicates and lone entities are common."""
    names = draw(st.lists(texts, min_size=1, max_size=4))
    some = st.sampled_from(names)
    rows = draw(st.lists(st.tuples(some, some, some), max_size=5))
    facts = pd.DataFrame(rows, columns=["head", "relation", "tail"], dtype=object)
    entities = pd.DataFrame(_draw_rows(draw, texts, names, "entity"), dtype=object)
    relations = pd.DataFrame(_draw_rows(draw, texts, names, "relation"), dtype=object)
    return facts, entities if "entity" in entities else None, relations if "relation" in relations else None


def _draw_rows(draw: st.DrawFn, texts: st.SearchStrategy[str], names: list[str], kind: str) -> list[dict[str, object]]:
    described = draw(st.lists(st.sampled_from(names), unique=True, max_size=3))
    numbers = st.one_of(st.none(), st.floats(), st.integers())
    columns: dict[str, st.SearchStrategy[object]] = {"label": texts, "description": texts, "label_zh": texts}
    columns |= {"label_en": texts, "description_zh": texts}
    if kind == "entity":
        columns |= {"type": texts, "aliases": st.lists(texts, max_size=3).map(tuple)}
    else:  # to a relation these are attributes like any other
        columns |= {"type": texts, "aliases": texts, "alias": texts}
    attribute = draw(texts)
    columns |= {f"x{attribute}": texts, "number": numbers, "Whole number": st.integers(-(2**62), 2**62)}
    return [{kind: name} | {column: draw(cells) for column, cells in columns.items()} for name in described]


def build(parts: Tables) -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(parts[0], parts[1], relations=parts[2])


def carry(graph: KnowledgeGraph, name: str) -> KnowledgeGraph:
    with tempfile.TemporaryDirectory() as folder:
        return read_graph(write_graph(graph, Path(folder) / name))


@pytest.mark.parametrize("name", EVERYTHING)
@RATHER_QUICK
@given(parts=tables())
def test_every_graph_survives(name: str, same: Same, parts: Tables) -> None:
    graph = build(parts)
    same(carry(graph, name), graph)


@pytest.mark.parametrize("name", XML)
@RATHER_QUICK
@given(parts=tables(PLAIN_TEXTS))
def test_every_graph_that_xml_can_carry_survives(name: str, same: Same, parts: Tables) -> None:
    graph = build(parts)
    same(carry(graph, name), graph)


@pytest.mark.parametrize("name", (*EVERYTHING, *XML))
def test_nothing_is_counted_on_the_way(name: str, same: Same, countries: KnowledgeGraph) -> None:
    again = carry(countries, name)
    same(again, countries)
    assert again.notes == ()
    pd.testing.assert_series_equal(again.entities["area"], countries.entities["area"])


@pytest.mark.parametrize("name", (*EVERYTHING, *XML))
def test_no_triple_and_one_entity(name: str, same: Same) -> None:
    nothing = KnowledgeGraph.from_pandas(pd.DataFrame({"head": [], "relation": [], "tail": []}))
    same(carry(nothing, name), nothing)
    loop = KnowledgeGraph.from_pandas(pd.DataFrame([["", "", ""]], columns=["head", "relation", "tail"]))
    same(carry(loop, name), loop)
    assert len(loop.entities) == 1


def test_a_folder_keeps_columns_without_a_value(tmp_path: Path) -> None:
    facts = pd.DataFrame([["a", "r", "b"]], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["a"], "population": [None], "label_zh": [""]}))
    again = read_graph(write_graph(graph, tmp_path / "graph"))
    pd.testing.assert_frame_equal(again.entities, graph.entities)
    assert sorted(path.name for path in (tmp_path / "graph").iterdir()) == [
        ".kgwb.json",
        "entities.tsv",
        "relations.tsv",
        "triples.tsv",
    ]


@RATHER_QUICK
@given(parts=tables(TEXTS.map(lambda text: text.replace("\r", ""))))
def test_other_readers_find_the_same_cells(parts: Tables) -> None:
    graph = build(parts)
    with tempfile.TemporaryDirectory() as name:
        folder = write_graph(graph, Path(name) / "graph")
        read = pd.read_csv(folder / "triples.tsv", sep="\t", dtype=str, keep_default_na=False)
        with (folder / "triples.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t"))
    assert rows == [["head", "relation", "tail"], *graph.to_pandas().values.tolist()]
    if not any("\x00" in cell for row in rows for cell in row):  # pandas ends a cell there
        assert read.values.tolist() == rows[1:]


def test_plain_labels_stay_as_they_are(tmp_path: Path) -> None:
    facts = pd.DataFrame(
        [['Joe "Joseph" S.', "knows, or not", "C:\\temp 100% #1"]], columns=["head", "relation", "tail"]
    )
    path = write_graph(KnowledgeGraph.from_pandas(facts), tmp_path / "a.tsv")
    assert path.read_text("utf-8") == 'head\trelation\ttail\nJoe "Joseph" S.\tknows, or not\tC:\\temp 100% #1\n'


def test_a_table_takes_what_is_known_about_names_along(tmp_path: Path, countries: KnowledgeGraph, same: Same) -> None:
    path = write_graph(countries, tmp_path / "facts.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        ".kgwb.json",
        "facts.csv",
        "facts.entities.csv",
        "facts.relations.csv",
    ]
    plain = KnowledgeGraph.from_pandas(countries.to_pandas())
    same(read_graph(write_graph(plain, path)), plain)  # the tables of the earlier graph are not left to be read with it
    write_graph(plain, tmp_path / "plain.csv")
    assert not (tmp_path / "plain.entities.csv").exists()


def test_graphs_of_one_name_in_several_formats_do_not_mix(
    tmp_path: Path, countries: KnowledgeGraph, same: Same
) -> None:
    plain = KnowledgeGraph.from_pandas(countries.to_pandas())
    for name in ("a.tsv", "a.csv", "a.jsonl"):
        write_graph(countries, tmp_path / name)
    same(read_graph(write_graph(plain, tmp_path / "a.parquet")), plain)
    same(read_graph(tmp_path / "a.csv"), countries)


def test_an_unknown_suffix_names_the_formats(tmp_path: Path, countries: KnowledgeGraph) -> None:
    with pytest.raises(
        GraphFileError, match=r"ends in '\.doc', which is no format that is written\. Expected one of \.tsv"
    ):
        write_graph(countries, tmp_path / "a.doc")


def test_a_missing_folder_is_told_with_the_line_that_makes_it(tmp_path: Path, countries: KnowledgeGraph) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*missing\. Type pathlib\.Path\(.*\)\.mkdir"):
        write_graph(countries, tmp_path / "missing" / "a.tsv")
    (tmp_path / "file").touch()
    with pytest.raises(GraphFileError, match="is a file, and a path without a suffix stands for a folder"):
        write_graph(countries, tmp_path / "file")


@pytest.mark.parametrize("name", XML)
def test_what_xml_cannot_carry_is_refused_before_writing(name: str, tmp_path: Path) -> None:
    facts = pd.DataFrame([["a\x01", "r", "b"]], columns=["head", "relation", "tail"])
    with pytest.raises(
        GraphFileError, match=r"XML cannot carry the character U\+0001 in 'a\\x01'\. Write another format"
    ):
        write_graph(KnowledgeGraph.from_pandas(facts), tmp_path / name)
    assert not (tmp_path / name).exists()


def test_the_graph_is_not_changed(tmp_path: Path, countries: KnowledgeGraph) -> None:
    tables = countries.entities.copy(deep=True), countries.relations.copy(deep=True)
    for name in (*EVERYTHING, *XML):
        write_graph(countries, tmp_path / name)
    pd.testing.assert_frame_equal(countries.entities, tables[0])
    pd.testing.assert_frame_equal(countries.relations, tables[1])
    assert np.isnan(countries.entities["area"]).sum() == 2


def test_a_path_that_cannot_be_written_is_answered_with_what_can(countries: KnowledgeGraph, tmp_path: Path) -> None:
    (tmp_path / "services.csv").write_text("mine")
    with pytest.raises(
        FileExistsError, match=r"services\.csv is a file, and .*x\.tsv needs a folder\. Type another path\."
    ):
        write_graph(countries, tmp_path / "services.csv" / "x.tsv")
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*new\. Type pathlib\.Path\(") as caught:
        write_graph(countries, tmp_path / "new" / "x.tsv")
    exec(str(caught.value).rpartition(" Type ")[2].rstrip("."), {"pathlib": pathlib})
    assert write_graph(countries, tmp_path / "new" / "x.tsv").is_file()
    with pytest.raises(
        GraphFileError, match=r"'\.gexf', which is no format that is written\. Expected one of"
    ) as caught_too:
        write_graph(countries, tmp_path / "x.gexf")
    named = re.findall(r"(?<= )\.\w+", str(caught_too.value).partition("Expected")[2])
    assert {".tsv", ".graphml", ".jsonld"} <= set(named) and not {".gexf", ".npy", ".json", ".xlsx"} & set(named)
    for suffix in named:
        assert write_graph(countries, tmp_path / f"x{suffix}").is_file()
