"""Names become ids in sorted order; tables are filled in, merged and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.graph import GraphFileError, KnowledgeGraph
from kgwb.graph.descriptions import infer_numbers, join_aliases, split_aliases

COLUMNS = ["head", "relation", "tail"]
NAMES = st.text(max_size=4)


def build(rows: list[tuple[object, ...]], **tables: object) -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=COLUMNS, dtype=object), **tables)


def test_ids_come_from_sorted_names() -> None:
    graph = build([("b", "s", "a"), ("a", "r", "c")])
    assert graph.labels == ("a", "b", "c")
    assert graph.relation_labels == ("r", "s")
    assert graph.triples.tolist() == [[0, 0, 2], [1, 1, 0]]
    assert graph.triples.dtype == np.int64
    assert not graph.triples.flags.writeable


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[str, str, str]], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = build(rows), build(shuffled)
    np.testing.assert_array_equal(one.triples, other.triples)
    assert one.fingerprint == other.fingerprint
    assert one.notes == other.notes
    assert len(one) == len(set(rows))


def test_no_argument_is_changed() -> None:
    facts = pd.DataFrame([("b", "r", "a")], columns=COLUMNS)
    entities = pd.DataFrame({"id": ["a", "a"], "name": ["A", "A"], "aliases": ["x|y", "x|y"]})
    before = facts.copy(deep=True), entities.copy(deep=True)
    KnowledgeGraph.from_pandas(facts, entities)
    pd.testing.assert_frame_equal(facts, before[0])
    pd.testing.assert_frame_equal(entities, before[1])


def test_duplicates_are_merged_and_counted() -> None:
    entities = pd.DataFrame({"entity": ["a", "a", "c"], "label": ["A", None, ""], "type": [None, "letter", ""]})
    graph = build([("a", "r", "b"), ("a", "r", "b"), ("a", "r", "b")], entities=entities)
    assert graph.notes == (("duplicate triples", 2), ("duplicate entity rows", 1))
    assert graph.entities["label"].tolist() == ["A", "b", "c"]
    assert graph.entities["type"].tolist() == ["letter", "", ""]
    assert "2 duplicate triples" in repr(graph)


def test_a_contradiction_in_the_table_is_refused() -> None:
    entities = pd.DataFrame({"entity": ["a", "a"], "label": ["A", "Alpha"]})
    with pytest.raises(GraphFileError, match=r"describes 'a' twice: its label is 'A' and 'Alpha'. Keep one row"):
        build([("a", "r", "b")], entities=entities)


def test_numbers_as_names_become_text_and_words_for_nothing_stay() -> None:
    graph = build([(7, "NA", "007"), ("nan", "null", np.int64(8))])
    assert graph.labels == ("007", "7", "8", "nan")
    assert graph.relation_labels == ("NA", "null")


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_missing_name_is_refused(nothing: object) -> None:
    with pytest.raises(
        GraphFileError, match=r"column 'tail' holds no name in row 1\. Drop the row, or fill the name in"
    ):
        build([("a", "r", "b"), ("a", "r", nothing)])


def test_half_a_character_is_refused() -> None:
    with pytest.raises(GraphFileError, match=r"holds half a character \(a lone surrogate\). Mend its encoding"):
        build([("a\ud800", "r", "b")])


def test_missing_columns_are_named() -> None:
    facts = pd.DataFrame({"head": ["a"], "rel": ["r"], "object": ["b"]})
    with pytest.raises(
        GraphFileError, match=r"no columns 'relation', 'tail'. It has 'head', 'rel', 'object'. Say which"
    ):
        KnowledgeGraph.from_pandas(facts)
    assert len(KnowledgeGraph.from_pandas(facts, columns=("head", "rel", "object"))) == 1
    with pytest.raises(GraphFileError, match=r"The table of entities has no column 'entity'. It has 'colour'"):
        build([("a", "r", "b")], entities=pd.DataFrame({"colour": ["red"]}))
    with pytest.raises(GraphFileError, match=r"two columns called 'label'. Rename one of them"):
        build([("a", "r", "b")], entities=pd.DataFrame([["a", "A", "B"]], columns=["entity", "label", "label"]))
    twice = pd.DataFrame([["a", "a", "r", "b"]], columns=["head", "head", "relation", "tail"])
    with pytest.raises(GraphFileError, match=r"The frame has two columns called 'head'. Rename one of them"):
        KnowledgeGraph.from_pandas(twice)


def test_columns_of_the_table_are_filled_in(countries: KnowledgeGraph) -> None:
    table = countries.entities.set_index("entity")
    assert table.loc["atlantis", "label"] == "atlantis"
    assert table.loc["paris", ["label", "type", "label_zh"]].tolist() == ["paris", "", ""]
    assert table.loc["germany", "aliases"] == ("BRD", "Deutschland")
    assert table["area"].dtype == np.float64
    assert table.loc["germany", "area"] == 357022
    assert np.isnan(table.loc["paris", "area"])
    assert countries.relations["label"].tolist() == ["borders", "is the capital of"]


def test_other_peoples_column_names_are_understood() -> None:
    entities = pd.DataFrame({"ID": ["a"], "Name": ["Alpha"], "Alias": ["first|1st"], "Description": ["a letter"]})
    graph = build([("a", "r", "b")], entities=entities)
    first = graph.entities.iloc[0]
    assert (first["label"], first["aliases"], first["description"]) == ("Alpha", ("1st", "first"), "a letter")


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2"], "int64", [1, -2]),
        (["1", None], "float64", [1.0, np.nan]),
        (["1.5", "2e3"], "float64", [1.5, 2000.0]),
        ([True, False], "str", ["True", "False"]),
        (["007", "8"], "str", ["007", "8"]),
        (["nan", "1"], "str", ["nan", "1"]),
        (["1_000", "2"], "str", ["1_000", "2"]),
        (["²", "1"], "str", ["²", "1"]),
        (["9007199254740993", None], "str", ["9007199254740993", ""]),
        (["99999999999999999999"], "str", ["99999999999999999999"]),
        (["9" * 5000], "str", ["9" * 5000]),
        (["1e400", "2"], "str", ["1e400", "2"]),
        (["0.5", "9007199254740993"], "str", ["0.5", "9007199254740993"]),
        ([float("inf"), 1.0], "float64", [np.inf, 1.0]),
        ([None, ""], "str", ["", ""]),
    ],
)
def test_a_column_is_numeric_where_all_its_values_are(cells: list[object], kind: str, values: list[object]) -> None:
    expected = pd.Series(values, dtype=kind)
    pd.testing.assert_series_equal(infer_numbers(cells), expected)


@given(st.lists(st.text(alphabet="a|\\ \n", max_size=4), max_size=4))
def test_aliases_survive_their_cell(aliases: list[str]) -> None:
    kept = split_aliases(aliases)
    assert split_aliases(join_aliases(kept)) == kept
    assert kept == tuple(sorted({alias for alias in aliases if alias.strip()}))


def test_other_peoples_backslashes_stay() -> None:
    assert split_aliases(r"AC\DC|Acca Dacca") == (r"AC\DC", "Acca Dacca")


def test_fingerprints_differ_where_ids_do() -> None:
    assert build([("a", "r", "b")]).fingerprint == build([("b", "r", "a")]).fingerprint
    assert build([("a", "r", "b\x1fc")]).fingerprint != build([("a", "r", "b"), ("a", "r", "c")]).fingerprint
    assert build([("a", "r", "b")]).fingerprint != build([("a", "s", "b")]).fingerprint


def test_an_empty_graph_is_a_graph() -> None:
    graph = build([])
    assert len(graph) == 0
    assert graph.triples.shape == (0, 3)
    assert graph.labels == ()
    assert graph.degrees.tolist() == []
    assert repr(graph) == "KnowledgeGraph 'graph': 0 triples, 0 entities, 0 relations"
