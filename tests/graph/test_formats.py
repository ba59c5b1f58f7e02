"""Files as other programs leave them: compressed, open, several, in other orders, with headers, from Gephi."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import kgwb
from kgwb.graph import GraphFileError, KnowledgeGraph, read_graph, read_split

Write = Callable[..., Path]
TABLE = "head\trelation\ttail\na\tr\tb\nc\tr\ta\n"
BOTH = [["a", "r", "b"], ["c", "r", "a"]]


def triples(graph: KnowledgeGraph) -> list[list[str]]:
    return graph.to_pandas().to_numpy().tolist()


@pytest.mark.parametrize(
    "header", ["subject,predicate,object", "h_id,r_id,t_id", "头实体,关系,尾实体", "Source,Type,Target"]
)
def test_a_header_above_columns_by_position_is_counted(header: str, write: Write) -> None:
    graph = read_graph(write("a.csv", header + "\na,r,b\nc,r,a\n"), columns=(0, 1, 2))
    assert triples(graph) == BOTH
    assert graph.notes == (("header line, above the columns taken by position", 1),)
    kept = read_graph(write("a.csv", header + "\na,r,b\nc,r,a\n"), columns=(0, 1, 2), header=False)
    assert len(kept) == 3


def test_a_first_line_that_may_be_a_header_is_said(write: Write) -> None:
    lines = "".join(f"e{i}\tr{i % 2}\te{i + 1}\n" for i in range(20))
    path = write("a.tsv", "who\twhat\twhom\n" + lines)
    graph = read_graph(path, columns=(0, 1, 2))
    assert len(graph) == 21
    assert "first line kept as a fact" in graph.notes[0][0]
    assert len(read_graph(path, columns=(0, 1, 2), header=True)) == 20
    numbers = "user\titem\tstars\n" + "".join(f"{i}\t{i % 3}\t{i + 1}\n" for i in range(20))
    assert len(read_graph(write("b.tsv", numbers), columns=(0, 1, 2))) == 20


def test_the_order_of_columns_is_what_the_lists_beside_show(write: Write, tmp_path: Path) -> None:
    write("k/relation2id.txt", "r\t0\ns\t1\n")
    write("k/train.txt", "a\tb\tr\nb\tc\ts\n")
    graph = read_graph(tmp_path / "k")
    assert triples(graph) == [["a", "r", "b"], ["b", "s", "c"]]
    assert graph.notes == (("triples read as head, tail, relation, the order that relation2id.txt shows", 2),)
    write("d/entities.dict", "0\ta\n1\tb\n2\tc\n")
    write("d/relations.dict", "0\tr\n")
    write("d/train.txt", "2\t0\t1\n1\t0\t2\n")
    assert triples(read_graph(tmp_path / "d", columns=(0, 1, 2))) == [["b", "r", "c"], ["c", "r", "b"]]


def test_the_order_of_columns_in_doubt_is_asked_about(write: Write, tmp_path: Path) -> None:
    write("q/train.txt", "".join(f"e{i}\te{i + 1}\tr{i % 2}\n" for i in range(20)))
    with pytest.raises(
        GraphFileError, match=r"which column of its triples holds the relations is unclear: .*columns=\(0, 2"
    ):
        read_split(tmp_path / "q")
    assert len(read_split(tmp_path / "q", columns=(0, 2, 1)).graph.relations) == 2


def test_openke_without_counts(write: Write, tmp_path: Path) -> None:
    write("k/entity2id.txt", "a\t0\nb\t1\nc\t2\n")
    write("k/relation2id.txt", "r\t0\n")
    write("k/train2id.txt", "0 1 0\n1 2 0\n")
    assert triples(read_graph(tmp_path / "k")) == [["a", "r", "b"], ["b", "r", "c"]]
    write("k/train2id.txt", "1\n0 0 2\n")
    graph = read_graph(tmp_path / "k")
    assert triples(graph) == [["a", "r", "c"]]
    assert "triples read as head, relation, tail" in graph.notes[0][0]
    write("k/train2id.txt", "0 1 0\n1 0 0\n")
    write("k/relation2id.txt", "r\t0\ns\t1\n")
    with pytest.raises(
        GraphFileError, match=r"make sense as head, tail, relation and as head, relation, tail, and no count"
    ):
        read_graph(tmp_path / "k")
    assert triples(read_graph(tmp_path / "k", columns=(0, 1, 2))) == [["a", "s", "a"], ["b", "r", "a"]]


def test_names_that_look_alike_are_counted(write: Write) -> None:
    names = ["Berlin", "Berlin ", "Berlin\u00a0", "caf\u00e9", "cafe\u0301"]
    graph = read_graph(write("a.tsv", "head\trelation\ttail\n" + "".join(f"{name}\tr\tx\n" for name in names)))
    assert len(graph.entities) == 6
    ((what, count),) = graph.notes
    assert what.startswith("names differ only by blanks or Unicode form: 'Berlin', 'Berlin '")
    assert count == 5 and "kgwb.graph.merge_alike_names(graph)" in what


def test_names_that_look_alike_become_one(write: Write) -> None:
    facts = ["Berlin\tin \tGermany", "Berlin \tin\tGermany", "caf\u00e9\tin\tBerlin\u00a0", "cafe\u0301\tin\tBerlin"]
    write("a.entities.tsv", "entity\tlabel\tsize\nBerlin\tBerlin\t3\nBerlin \tBerlin \t4\ncaf\u00e9\tThe café\t1\n")
    graph = read_graph(write("a.tsv", "head\trelation\ttail\n" + "\n".join(facts) + "\n"))
    before = graph.to_pandas()
    merged = kgwb.graph.merge_alike_names(graph)
    assert triples(merged) == [["Berlin", "in", "Germany"], ["caf\u00e9", "in", "Berlin"]] and merged.name == graph.name
    assert merged.labels == ("Berlin", "Germany", "The café") and merged.entities["size"].tolist()[0] == 3
    assert kgwb.graph.merge_alike_names(merged).to_pandas().equals(merged.to_pandas()) and not any(
        "differ only" in what for what, _ in merged.notes
    )
    pd.testing.assert_frame_equal(before, graph.to_pandas())


def test_of_alike_names_the_one_that_has_a_type_gives_it() -> None:
    facts = pd.DataFrame(
        [["cafe\u0301", "in", "Berlin"], ["caf\u00e9", "in", "Bonn"]], columns=["head", "relation", "tail"]
    )
    kinds = pd.DataFrame({"entity": ["caf\u00e9", "Bonn"], "type": ["house", "town"], "aliases": [("bar",), ()]})
    merged = kgwb.graph.merge_alike_names(kgwb.KnowledgeGraph.from_pandas(facts, kinds))
    assert merged.entities["type"].tolist() == ["", "town", "house"]
    assert merged.entities["aliases"].tolist() == [(), (), ("bar",)]


NUMBERS = pd.DataFrame({"head": [1, 2, 3], "relation": [7, 7.0, 7], "tail": [2.0, 1.0, 2.5]}, dtype=object)
WRITERS: dict[str, Callable[[Path], object]] = {
    ".parquet": NUMBERS.convert_dtypes().to_parquet,
    ".xlsx": partial(NUMBERS.to_excel, index=False),
    ".json": lambda path: path.write_text(json.dumps(NUMBERS.to_dict("records"))),
    ".jsonl": lambda path: path.write_text("\n".join(map(json.dumps, NUMBERS.to_dict("records")))),
}


@pytest.mark.parametrize("suffix", ["", *WRITERS])
def test_a_number_is_one_name_in_columns_of_two_kinds(suffix: str, tmp_path: Path) -> None:
    described = pd.DataFrame({"entity": [1.0, 2.0, 3.0, 2.5], "label": ["one", "two", "three", "half"]})
    for frame in (NUMBERS, NUMBERS.convert_dtypes()):
        graph = KnowledgeGraph.from_pandas(frame, described)
        assert (graph.labels, len(graph)) == (("one", "two", "half", "three"), 3)
    if suffix == ".xlsx":
        pytest.importorskip("openpyxl", reason="needs openpyxl: pip install openpyxl")
    if suffix:
        WRITERS[suffix](tmp_path / f"numbers{suffix}")
        graph = read_graph(tmp_path / f"numbers{suffix}")
    assert (list(graph.entities["entity"]), list(graph.relations["relation"])) == (["1", "2", "2.5", "3"], ["7"])
    assert graph.notes == ()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_a_number_that_is_two_names_in_a_text_is_counted(suffix: str, write: Write) -> None:
    table = "head\trelation\ttail\n1\tr\t2.0\n2\tr\t1.0\n3\tr\t3.5\nv1.0\tr\tv1\n"
    graph = read_graph(write(f"a{suffix}", table.replace("\t", "," if suffix == ".csv" else "\t")))
    assert graph.notes == (("whole numbers are names apart by how they are spelt: '1', '1.0'", 4),)


def test_compressed_files(write: Write, tmp_path: Path) -> None:
    for suffix, pack in ((".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)):
        graph = read_graph(write("facts.tsv" + suffix, pack(TABLE.encode())))
        assert (triples(graph), graph.name) == (BOTH, "facts")
        with pytest.raises(GraphFileError, match="cannot be unpacked as"):
            read_graph(write("bad.tsv" + suffix, TABLE))
    with zipfile.ZipFile(tmp_path / "z.tsv.zip", "w") as archive:
        archive.writestr("inner.tsv", TABLE)
    assert triples(read_graph(tmp_path / "z.tsv.zip")) == BOTH
    (tmp_path / "z.tsv.zip").rename(tmp_path / "facts of mine.zip")  # the file within has the suffix
    assert triples(read_graph(tmp_path / "facts of mine.zip")) == BOTH
    with io.FileIO(tmp_path / "facts of mine.zip") as file:
        assert triples(read_graph(file)) == BOTH
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("one.tsv", TABLE)
        archive.writestr("two.tsv", TABLE)
    with pytest.raises(GraphFileError, match=r"two\.zip holds 'one\.tsv', 'two\.tsv'\. Expected one file; unpack it"):
        read_graph(tmp_path / "two.zip")
    with pytest.raises(GraphFileError, match=r"bad\.zip cannot be unpacked as \.zip"):
        read_graph(write("bad.zip", TABLE))


def test_open_files_several_files_and_addresses(write: Write, tmp_path: Path) -> None:
    one, other = write("one.tsv", TABLE), write("two.tsv", TABLE.replace("c", "d"))
    assert triples(read_graph(io.StringIO(TABLE))) == BOTH
    with one.open("rb") as file:
        assert read_graph(file).name == "one"
    for path in ([one, other], tmp_path / "*.tsv", str(tmp_path / "*.tsv")):
        assert len(read_graph(path)) == 3
    with pytest.raises(GraphFileError, match=r"is an address.*urllib\.request\.urlretrieve"):
        read_graph("https://example.org/facts.tsv?x=1")


def test_encoding_delimiter_and_relation(write: Write) -> None:
    path = write("a.txt", "h\u00e9|r|b\n".encode("cp1252"))
    graph = read_graph(path, columns=(0, 1, 2), encoding="cp1252", delimiter="|")
    assert triples(graph) == [["h\u00e9", "r", "b"]]
    pairs = read_graph(write("b.csv", "head,tail\na,b\n"), relation="linked to")
    assert triples(pairs) == [["a", "linked to", "b"]]


def test_json_arrays_and_workbooks(write: Write, tmp_path: Path) -> None:
    rows = '[{"head": "a", "relation": "r", "tail": "b"}, ["c", "r", "a"]]'
    assert triples(read_graph(write("a.json", rows))) == BOTH
    openpyxl = pytest.importorskip("openpyxl", reason="needs openpyxl: pip install openpyxl")
    pd.DataFrame(BOTH, columns=["head", "relation", "tail"]).to_excel(tmp_path / "a.xlsx", index=False)
    assert triples(read_graph(tmp_path / "a.xlsx")) == BOTH
    book = openpyxl.Workbook()
    for row in (["head", "relation", "tail"], ["a", "r", "b"], [], ["b", "r"]):  # a blank row, and one cut short
        book.active.append(row)
    book.save(tmp_path / "ragged.xlsx")
    with pytest.raises(GraphFileError, match=r"ragged\.xlsx, line 4: the tail is empty"):
        read_graph(tmp_path / "ragged.xlsx")


GEXF = """<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph defaultedgetype="directed">
  <attributes class="edge"><attribute id="0" title="Edge Label" type="string"/></attributes>
  <nodes><node id="1" label="Ann"/><node id="2" label="Ben"/></nodes><edges>
  <edge id="0" source="1" target="2" weight="2"><attvalues><attvalue for="0" value="knows"/></attvalues></edge>
  <edge id="0" source="1" target="2"><attvalues><attvalue for="0" value="likes"/></attvalues></edge>
  </edges></graph></gexf>"""


def test_gexf_and_edges_that_share_an_id(write: Write) -> None:
    graph = read_graph(write("a.gexf", GEXF))
    assert triples(graph) == [["1", "knows", "2"], ["1", "likes", "2"]]
    assert graph.labels == ("Ann", "Ben")
    assert graph.notes == (("attributes of edges, not kept: 'weight'", 1),)
    plain = GEXF.replace("Edge Label", "colour")
    with pytest.raises(GraphFileError, match=r'Its edges have \'colour\', \'weight\'.*relation="linked to"'):
        read_graph(write("b.gexf", plain))
    graph = read_graph(write("b.gexf", plain), relation="linked to")
    assert triples(graph) == [["1", "linked to", "2"]]
    assert ("edges without a relation of their own, read as 'linked to'", 2) in graph.notes


def test_graphml_edges_that_share_an_id_stay_and_no_warning_leaks(write: Write) -> None:
    content = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d" for="edge" attr.name="Relation"
      attr.type="string"/><graph edgedefault="directed"><node id="a"/><node id="b"/>
      <edge id="e" source="a" target="b"><data key="d">r</data></edge>
      <edge id="e" source="a" target="b"><data key="d">s</data></edge></graph></graphml>"""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert triples(read_graph(write("a.graphml", content))) == [["a", "r", "b"], ["a", "s", "b"]]
    with pytest.raises(GraphFileError, match=r"The reason: .*no element found|The reason: "):
        read_graph(write("b.graphml", content[:200]))


@pytest.mark.parametrize(
    "odd", ["", "# a comment", 'say "hi"\tr\t"Heroes"', '"x\ty"\tr\tb', "a\x00\tr\tb", "\ufeffa\tr\tb"]
)
def test_one_odd_line_among_many_changes_no_other(odd: str, write: Write) -> None:
    lines = [f'e{i}\tr{i % 3}\t"e{i % 7}"' for i in range(3000)]
    text = "head\trelation\ttail\n" + "\n".join([*lines[:1500], odd, *lines[1500:]]) + "\n"
    few = {tuple(row) for row in triples(read_graph(write("few.tsv", "head\trelation\ttail\n" + odd + "\n")))}
    many = {tuple(row) for row in triples(read_graph(write("many.tsv", text)))}
    assert many == few | {tuple(line.split("\t")) for line in lines}
    windows = read_graph(write("w.tsv", text.replace("\n", "\r\n")))
    assert {tuple(row) for row in triples(windows)} == many


def test_names_that_a_list_has_and_no_fact_are_entities(write: Write) -> None:
    write("entities.dict", "0\ta\n1\tlonely\n2\tb\n")
    write("relations.dict", "0\tr\n1\tunused\n")
    for facts in ("a\tr\tb\n", "0\t0\t2\n"):
        graph = read_graph(write("train.txt", facts).parent)
        assert triples(graph) == [["a", "r", "b"]]
        assert graph.labels == ("a", "b", "lonely") and graph.relation_labels == ("r", "unused")


@pytest.mark.parametrize("columns", [("head", "relation", "tail"), (0, 1, 2)])
@pytest.mark.parametrize("count", [3, 1500])
def test_a_first_line_that_is_broken_is_skipped_too(columns: tuple, count: int, write: Write) -> None:
    facts = "".join(f"a{number}\tr\tb\n" for number in range(count))
    path = write("train.txt", "broken\tline\n" + facts)
    graph = read_graph(path.parent, columns, on_error="skip")
    assert len(graph) == count and graph.notes == (("broken lines: 1 of train.txt", 1),)
    with pytest.raises(GraphFileError, match=r"line 1|has no column"):
        read_graph(path.parent, columns)


@pytest.mark.parametrize("name", ["edges.tsv", "edges.txt", "edges.csv"])
def test_heads_and_tails_alone_are_read_with_what_the_error_types(name: str, write: Write) -> None:
    sign = "," if name == "edges.csv" else "\t"
    path = write(name, f"web{sign}db\napi{sign}db\n")
    for columns in (("head", "relation", "tail"), (0, 1, 2)):
        with pytest.raises(GraphFileError, match="Heads and tails alone need a relation") as caught:
            read_graph(path, columns=columns)
        bare, named = re.findall(r"type (relation=.*?)(?:; if its|\.$)", str(caught.value))
        assert len(eval(f"read_graph(path, {bare})", {"read_graph": read_graph, "path": path})) == 2
        assert len(eval(f"read_graph(path, {named})", {"read_graph": read_graph, "path": path})) == 1
    assert len(read_graph(path, relation="depends on")) == 2  # db comes again, so the first line is a fact


def test_a_first_line_of_two_names_that_do_not_come_again_is_asked_about(write: Write) -> None:
    path = write("edges.csv", "service,needs\nweb,db\napi,db\n")
    with pytest.raises(
        GraphFileError, match=r"a fact, type header=False; if .* type columns=\('service', 'relation', 'needs'\)"
    ):
        read_graph(path, relation="depends on")
    assert len(read_graph(path, relation="depends on", columns=("service", "relation", "needs"))) == 2


def test_a_line_of_one_column_and_records_without_a_relation_say_what_to_type(write: Write) -> None:
    path = write("a.txt", "a|r|b\nb|r|a\n")
    with pytest.raises(GraphFileError, match=r'cut by another sign, type that: delimiter="\|"\.$'):
        read_graph(path)
    assert len(read_graph(path, delimiter="|")) == 2
    path = write("a.jsonl", '{"head": "a", "tail": "b"}\n')
    with pytest.raises(GraphFileError, match=r'If all facts have one relation, type it: relation="linked to"\.$'):
        read_graph(path)
    assert len(read_graph(path, relation="linked to")) == 1
