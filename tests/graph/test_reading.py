"""Files as people have them: with and without headers, odd line ends, comments, quotes, other column names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from kgwb.graph import KnowledgeGraph, read_graph, read_split, write_graph

Write = Callable[..., Path]
HEADER = "head\trelation\ttail\n"


def triples(graph: KnowledgeGraph) -> list[list[str]]:
    return graph.to_pandas().to_numpy().tolist()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.tsv", "head\trelation\ttail\na\tr\tb\nc\tr\ta\n"),
        ("no_line_end.tsv", "head\trelation\ttail\na\tr\tb\nc\tr\ta"),
        ("windows.tsv", "head\trelation\ttail\r\na\tr\tb\r\nc\tr\ta\r\n"),
        ("old_mac.tsv", "head\trelation\ttail\ra\tr\tb\rc\tr\ta\r"),
        ("mixed.tsv", "head\trelation\ttail\r\na\tr\tb\nc\tr\ta\r\n"),
        ("mark.tsv", "\ufeffhead\trelation\ttail\na\tr\tb\nc\tr\ta\n"),
        ("blank.tsv", "\n\nhead\trelation\ttail\n\na\tr\tb\n   \n\t\t\nc\tr\ta\n\n\n"),
        ("order.tsv", "tail\trelation\thead\nb\tr\ta\na\tr\tc\n"),
        ("capitals.tsv", "Head\tRELATION\t tail \na\tr\tb\nc\tr\ta\n"),
        ("headless.tsv", "a\tr\tb\nc\tr\ta\n"),
        ("headless.txt", "a\tr\tb\nc\tr\ta\n"),
        ("spaces.txt", "a r b\nc   r  a\n"),
        ("all_quoted.tsv", '"head"\t"relation"\t"tail"\n"a"\t"r"\t"b"\n"c"\t"r"\t"a"\n'),
        ("index.tsv", "\thead\trelation\ttail\n0\ta\tr\tb\n1\tc\tr\ta\n"),
        ("plain.csv", "head,relation,tail\na,r,b\nc,r,a\n"),
        ("quoted.csv", '"head","relation","tail"\n"a","r","b"\n"c","r","a"\n'),
        ("semicolons.csv", "head;relation;tail\na;r;b\nc;r;a\n"),
        ("spaces.csv", "head, relation, tail\na, r, b\nc, r,a\n"),
        ("commas.tsv", "head,relation,tail\na,r,b\nc,r,a\n"),
        ("lines.jsonl", '{"head":"a","relation":"r","tail":"b"}\n\n{"tail":"a","relation":"r","head":"c"}\r\n'),
        ("UPPER.TSV", "head\trelation\ttail\na\tr\tb\nc\tr\ta\n"),
    ],
)
def test_the_same_two_triples(name: str, content: str, write: Write) -> None:
    graph = read_graph(write(name, content))
    assert triples(graph) == [["a", "r", "b"], ["c", "r", "a"]]
    assert graph.notes == ()
    assert graph.name == Path(name).stem


def test_words_for_nothing_and_numbers_stay_text(write: Write) -> None:
    names = ["007", "NA", "null", "nan", "None", "1e5", "1.0", "-0", "True", "#N/A"]
    lines = "".join(f"{name}\tr\t{name}\n" for name in names)
    assert set(read_graph(write("a.tsv", HEADER + lines)).labels) == set(names)
    assert set(read_graph(write("a.csv", (HEADER + lines).replace("\t", ","))).labels) == set(names)
    frame = pd.DataFrame({"head": names, "relation": "r", "tail": names})
    frame.to_parquet(write("a.parquet", ""))
    assert set(read_graph(write("a.tsv", "").with_suffix(".parquet")).labels) == set(names)


def test_numbers_in_json_are_spelt_as_in_the_file(write: Write) -> None:
    graph = read_graph(write("a.jsonl", '{"head": 7, "relation": 1.50, "tail": 12345678901234567890123}\n'))
    assert triples(graph) == [["7", "1.50", "12345678901234567890123"]]


def test_numbers_in_parquet_become_text(tmp_path: Path) -> None:
    pd.DataFrame({"head": [1, 2], "relation": ["r", "r"], "tail": [3, 4]}).to_parquet(tmp_path / "a.parquet")
    assert triples(read_graph(tmp_path / "a.parquet")) == [["1", "r", "3"], ["2", "r", "4"]]


def test_quotation_marks_in_labels_stay(write: Write) -> None:
    lines = '"Heroes"\tby\t"Weird Al" Yankovic\n"unclosed\tby\tJoe "J" Doe\n5\' 10"\tby\t""\n'
    assert triples(read_graph(write("a.tsv", HEADER + lines))) == [
        ['"Heroes"', "by", '"Weird Al" Yankovic'],
        ['"unclosed', "by", 'Joe "J" Doe'],
        ["5' 10\"", "by", ""],
    ]


def test_a_stray_quotation_mark_swallows_nothing_unseen(write: Write) -> None:
    graph = read_graph(write("a.tsv", HEADER + '"Foo\tr\tb\nx\ty\tBar"\n'))
    assert triples(graph) == [['"Foo', "r", "b"], ["x", "y", 'Bar"']]
    graph = read_graph(write("a.tsv", HEADER + '"Foo\tr\tb\nx\ty\tz\nBar"\tr\tc\n'))
    assert graph.notes == (("lines joined by quotation marks, though they look like rows", 2),)


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    rows = [['say "hi"', "r", "two\nlines"], ["tab\there", "r", '"'], [" ", "r", ","]]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    frame.to_csv(tmp_path / "a.csv", index=False)
    for name in ("a.tsv", "a.csv"):
        assert sorted(triples(read_graph(tmp_path / name))) == sorted(rows)


def test_comments_are_counted_and_names_with_a_number_sign_stay(write: Write) -> None:
    content = "# a list of facts\n#head\trelation\ttail\n#MeToo\ttrends_on\tTwitter\n# done\n"
    graph = read_graph(write("a.tsv", content))
    assert triples(graph) == [["#MeToo", "trends_on", "Twitter"]]
    assert graph.notes == (("comment lines", 2),)
    graph = read_graph(write("a.txt", "#1\tr\tb\n#2\tr\tb\n"))
    assert triples(graph) == [["#1", "r", "b"], ["#2", "r", "b"]]


def test_further_columns_are_counted(write: Write) -> None:
    graph = read_graph(write("a.csv", "head,relation,tail,year,source\na,r,b,1990,me\n"))
    assert graph.notes == (("further columns of the triples, not kept", 2),)


def test_columns_by_other_names_and_by_position(write: Write) -> None:
    named = write("named.csv", "subject,verb,object\na,r,b\n")
    assert triples(read_graph(named, columns=("subject", "verb", "object"))) == [["a", "r", "b"]]
    bare = write("bare.tsv", "0.9\tb\tr\ta\n0.8\tc\tr\ta\n")
    assert triples(read_graph(bare, columns=(3, 2, 1))) == [["a", "r", "b"], ["a", "r", "c"]]
    assert triples(read_graph(write("one.tsv", "a\tr\tb\n"), (0, 1, 2))) == [["a", "r", "b"]]


def test_a_header_without_lines_is_an_empty_graph(write: Write) -> None:
    graph = read_graph(write("a.tsv", HEADER))
    assert len(graph) == 0
    assert graph.notes == (("file without a fact in it", 1),)
    skipped = read_graph(write("b.tsv", HEADER + "a\tr\n"), on_error="skip")
    assert skipped.notes == (("broken lines: 2 of b.tsv", 1), ("file without a fact in it", 1))


def test_a_huge_line_is_read(write: Write) -> None:
    graph = read_graph(write("a.csv", 'head,relation,tail\n"' + "x" * 3_000_000 + '",r,b\n'))
    assert len(max(graph.labels, key=len)) == 3_000_000


def test_skipping_leaves_out_and_counts(write: Write) -> None:
    lines = b"a\tr\tb\na\tr\na\t\tb\n\xff\tr\tb\na\tr\tb\tc\nd\tr\te\n"
    graph = read_graph(write("a.tsv", HEADER.encode() + lines), on_error="skip")
    assert triples(graph) == [["a", "r", "b"], ["d", "r", "e"]]
    assert graph.notes == (("broken lines: 3, 4, 5, 6 of a.tsv", 4),)
    assert "4 broken lines: 3, 4, 5, 6 of a.tsv" in repr(graph)
    many = read_graph(write("b.tsv", HEADER + "a\tr\n" * 20 + "a\tr\tb\n"), on_error="skip")
    assert many.notes == (("broken lines: 2, 3, 4, 5, 6, 7, 8, 9 and 12 more of b.tsv", 20),)
    lines_of_json = (
        b'{"head":"a","relation":"r","tail":"b"}\n{\n[1]\n{"head":"a"}\n\xff\n{"head":[],"relation":"r","tail":"b"}\n'
    )
    graph = read_graph(write("a.jsonl", lines_of_json), on_error="skip")
    assert (triples(graph), graph.notes) == ([["a", "r", "b"]], (("broken lines: 2, 3, 4, 5, 6 of a.jsonl", 5),))


# Folders


def test_a_folder_of_tables(write: Write) -> None:
    write("world/triples.tsv", HEADER + "q1\tp1\tq2\n")
    write("world/entities.csv", "id,label,label_zh,aliases,area\nq1,Berlin,柏林,,891\nq3,Atlantis,,lost|sunken,12.5\n")
    folder = write("world/relations.tsv", "relation\tlabel\np1\tcapital of\np2\tunused\n").parent
    graph = read_graph(folder)
    assert graph.name == "world"
    assert graph.labels == ("Berlin", "q2", "Atlantis")
    assert graph.relation_labels == ("capital of", "unused")
    assert graph.entities["aliases"].tolist() == [(), (), ("lost", "sunken")]
    assert graph.entities["area"].fillna(0).tolist() == [891, 0, 12.5]


def test_train_valid_and_test_files_with_and_without_a_header(write: Write) -> None:
    write("set/train.txt", "a\tr\tb\nb\tr\ta\n")
    write("set/valid.tsv", HEADER + "a\tr\ta\n")
    folder = write("set/test.txt", "new\tr\tb\na\tr\tb\na\tr\ta\na\tr\ta\n").parent
    split = read_split(folder)
    assert [len(part) for part in (split.train, split.valid, split.test)] == [2, 1, 4]
    assert split.graph.labels == ("a", "b", "new")
    assert split.unseen_entities.tolist() == [2]
    assert split.graph.notes == (("duplicate triples", 3),)
    assert len(split.graph) == len(read_graph(folder)) == 4
    assert repr(split).split("\n")[1] == "  unseen in train: 1 entity, in 1 test triple, all kept"


def test_a_split_with_its_own_column_names(write: Write) -> None:
    write("set/train.csv", "s;p;o\na;r;b\n")
    folder = write("set/dev.csv", "b;r;a\n").parent
    split = read_split(folder, columns=("s", "p", "o"))
    assert (len(split.train), len(split.valid), len(split.test)) == (1, 1, 0)


def test_texts_beside_a_split(write: Write) -> None:
    write("set/train.txt", "1\t_hypernym\t2\n")
    write("set/entity2text.txt", "1\tdog, a domestic animal\n2\tanimal, a living thing, that moves\n")
    folder = write("set/relation2text.txt", "_hypernym\thypernym\n").parent
    graph = read_graph(folder)
    assert graph.labels == ("dog", "animal")
    assert graph.entities["description"].tolist() == ["a domestic animal", "a living thing, that moves"]
    assert graph.relation_labels == ("hypernym",)
    write("set/entity2text.txt", "1\tDenton, Texas\n2\tTexas\n")
    write("set/entity2textlong.txt", "1\ta city, in Texas\n")
    graph = read_graph(folder)
    assert graph.labels == ("Denton, Texas", "Texas")
    assert graph.entities["description"].tolist() == ["a city, in Texas", ""]


def test_an_openke_folder(write: Write) -> None:
    write("ke/entity2id.txt", "3\nnew york\t1\nusa\t0\nlone\t2\n")
    write("ke/relation2id.txt", "1\r\nlocated in 0\r\n")
    write("ke/train2id.txt", "1\n1 0 0\n")
    folder = write("ke/test2id.txt", "1\n0 1 0\n").parent
    graph = read_graph(folder)
    assert triples(graph) == [["new york", "located in", "usa"], ["usa", "located in", "new york"]]
    assert graph.labels == ("lone", "new york", "usa")
    split = read_split(folder)
    assert (len(split.train), len(split.valid), len(split.test)) == (1, 0, 1)
    write("ke/entities.tsv", "entity\tlabel\nusa\tUnited States\n")
    assert read_graph(folder).labels == ("lone", "new york", "United States")


# GraphML


def test_graphml_from_other_programs(write: Write) -> None:
    content = """<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
      <key id="d0" for="node" attr.name="label" attr.type="string"/>
      <key id="d1" for="node" attr.name="age" attr.type="int"/>
      <key id="d2" for="edge" attr.name="label" attr.type="string"/>
      <graph edgedefault="undirected"><node id="n0"><data key="d0">Ann</data><data key="d1">41</data></node>
      <node id="n1"/><edge source="n0" target="n1"><data key="d2">knows</data></edge></graph></graphml>"""
    graph = read_graph(write("a.graphml", content))
    assert triples(graph) == [["n0", "knows", "n1"]]
    assert graph.labels == ("Ann", "n1")
    assert graph.entities["age"].tolist()[0] == 41
    assert graph.notes == (("undirected edges, read in one direction", 1),)


@pytest.mark.parametrize("name", ["\t\t\n\t\t", "\n", "\t", "\tb\tc\n", "x\ty\nz"])
def test_names_of_tabs_and_line_ends_are_no_stray_marks(name: str, tmp_path: Path) -> None:
    rows = [[one, two, other] for one in (name, "\t\t\n", "t\tu") for two in (name, "r") for other in (name, "t\tu")]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))
    again = read_graph(write_graph(graph, tmp_path / "a.tsv"))
    assert triples(again) == triples(graph)
    assert again.notes == graph.notes
