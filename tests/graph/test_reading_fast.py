"""What is read at once is what is read line by line, whatever stands between the plain lines."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as some

from kgwb.graph import KnowledgeGraph, read_graph
from kgwb.graph.building import COLUMNS, build_tables
from kgwb.graph.errors import GraphFileError
from kgwb.graph.files import rdf_parsing, rows

PLAIN = "".join(f"e{number % 7}\tr{number % 3}\te{number * number % 11}\n" for number in range(1001))
ODD = [
    "", " ", "\t\t", " \t \t ", "# c", "#a\tb\tc", "a\tr", "a\tr\tb\tc", "a\t\tc", "\tr\tc", "a\tr\t", "e\u0301\tr\t\u00c5",
    'a\tr\t"b"', '"a"\t"r"\t"b"', 'a\tr\t"b', 'b"\tr\tc', 'a"b"\tr\tc', '"x\ty"\tr\tc', 'a\tr\t""', 'a\tr\t"b""c"',
    'a\tr\t" b"',
    'a\tr\t"two\nlines"', '"x\ny\tr\tz"\tr\tb', "a\tr\tb\r", "a\rb\tr\tc", "a\0b\tr\tc", "\ufeffa\tr\tc", "\u4e2d\tr\t\u56fd",
    " a\tr\tb  c", "\u2028\tr\t\u3000", "\x1c\tr\tb", "nan\tNA\tNone", "\ud7ff\tr\tb",
]  # fmt: skip


def describe(path: Path, on_error: str) -> object:
    """All that reading a file gives, or the error it ends in."""
    try:
        graph = read_graph(path, on_error=on_error)  # type: ignore[arg-type]
    except GraphFileError as error:
        return str(error)
    tables = (graph.entities, graph.relations)
    statements = graph.statements and (graph.statements.text, graph.statements.addresses)
    told = [repr(table.to_dict(orient="list")) for table in tables]  # NaN is unlike itself
    return graph.triples.tolist(), told, graph.notes, statements


SETTINGS = {"deadline": None, "phases": (Phase.explicit, Phase.reuse, Phase.generate)}  # shrinking takes minutes


@settings(**SETTINGS, max_examples=8)
@given(
    odd=some.lists(some.tuples(some.sampled_from(ODD), some.integers(1, 1002)), max_size=4),
    suffix=some.sampled_from([".tsv", ".csv"]),
    quoted=some.booleans(),
    end=some.sampled_from(["\n", "\r\n", "\r"]),
    on_error=some.sampled_from(["raise", "skip"]),
)
@example(odd=[('a\tr\t"b', 5), ('b"\tr\tc', 900)], suffix=".csv", quoted=False, end="\n", on_error="skip")
@example(odd=[(" \t \t ", 500)], suffix=".csv", quoted=False, end="\n", on_error="raise")
@example(odd=[(' \t" "\t ', 500)], suffix=".tsv", quoted=True, end="\n", on_error="raise")
@example(odd=[("a\tr\t", 500)], suffix=".tsv", quoted=False, end="\n", on_error="skip")
def test_lines_read_at_once_are_those_read_one_by_one(
    odd: list[tuple[str, int]], suffix: str, quoted: bool, end: str, on_error: str
) -> None:
    lines = ["head\trelation\ttail", *PLAIN.splitlines()]
    if quoted:
        lines = ['"' + line.replace("\t", '"\t"') + '"' for line in lines]
    for line, place in odd:
        lines.insert(place, line)
    text = end.join(lines) + end
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "facts" + suffix)
        path.write_bytes((text.replace("\t", ",") if suffix == ".csv" else text).encode())
        at_once = describe(path, on_error)
        patch.setattr(rows, "find_plain", lambda *_, **__: None)
        assert at_once == describe(path, on_error)


TERMS = ["<http://x/a>", "<http://x/\u00e9>", "_:b", "<urn:kgwb:entity.New.20.York>", "<http://x/C>"]
TEXTS = [
    '"a b"@en',
    '"tab\\tq\\"n\\nback\\\\"',
    '"7"^^<http://www.w3.org/2001/XMLSchema#integer>',
    '"x <http://x/g>"',
    '""',
]
LINKS = ["<http://x/p>", "<http://www.w3.org/2000/01/rdf-schema#label>", "<urn:kgwb:relation.lies.20.in>"]
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


@settings(**SETTINGS, max_examples=20)
@given(
    said=some.lists(
        some.tuples(some.sampled_from(TERMS), some.sampled_from([*LINKS, TYPE]), some.sampled_from([*TERMS, *TEXTS])),
        max_size=12,
    ),
    named=some.booleans(),
)
@example(said=[("<http://x/a>", TYPE, '"no class"')], named=False)
def test_statements_read_at_once_are_those_read_one_by_one(said: list[tuple[str, str, str]], named: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "facts.nq" if named else "facts.nt")
        graphs = ["<http://x/g>", "_:g", ""] if named else [""]
        lines = (" ".join([*row, graphs[number % len(graphs)], "."]) for number, row in enumerate(said))
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        at_once = describe(path, "raise")
        patch.setattr(rdf_parsing, "can_number_cells", lambda: False)
        assert at_once == describe(path, "raise")


@settings(**SETTINGS, max_examples=10)
@given(some.lists(some.tuples(*[some.sampled_from(["a", "b", "\u00e9", "1", "", " "])] * 3), min_size=1, max_size=9))
def test_a_frame_of_categories_says_what_a_frame_of_texts_says(facts: list[tuple[str, str, str]]) -> None:
    frame = pd.DataFrame(facts, columns=list(COLUMNS), dtype=object)
    kind = pd.CategoricalDtype(["never", *sorted({name for fact in facts for name in fact})])
    for made in (frame.astype("category"), frame.astype(kind), frame.astype("str")):
        one, other = build_tables(made), build_tables(frame)
        assert np.array_equal(one.triples, other.triples)
        assert one.notes == other.notes
        pd.testing.assert_frame_equal(one.entities, other.entities)
        pd.testing.assert_frame_equal(one.relations, other.relations)


def test_categories_that_are_spelt_alike_are_one_name() -> None:
    frame = pd.DataFrame({"head": pd.Categorical([1, "1"]), "relation": "r", "tail": ["a", "b"]})
    assert KnowledgeGraph.from_pandas(frame).entities["entity"].tolist() == ["1", "a", "b"]


def test_names_are_compared_in_blocks_and_none_is_missed() -> None:
    names = [f"name {number}" for number in range(2000)]
    heads = [*names, "name  1500", "name 7\u200b", "caf\u00e9", "cafe\u0301"]
    notes = build_tables(pd.DataFrame({"head": heads, "relation": "r", "tail": "x"})).notes
    assert [count for what, count in notes if "differ only by blanks" in what] == [6]


def test_one_line_may_be_longer_than_all_others(tmp_path: Path) -> None:
    path = tmp_path / "long.tsv"
    path.write_text("head\trelation\ttail\n" + PLAIN + "x" * 3_000_000 + "\tr\ty\n", encoding="utf-8")
    assert max(map(len, read_graph(path).entities["entity"])) == 3_000_000
