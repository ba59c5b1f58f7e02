"""What is said about files that cannot be read: what came, what was expected, what to type."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kgwb
from kgwb.graph import (
    GraphFileError,
    KnowledgeGraph,
    from_pykeen,
    read_graph,
    read_sentences,
    read_split,
    write_graph,
)

Write = Callable[..., Path]
HEADER = "head\trelation\ttail\n"


def refuse(path: Path, **options: object) -> str:
    """The text of the error that reading a path gives, with no other error behind it."""
    with pytest.raises((GraphFileError, FileNotFoundError, ValueError)) as caught:
        read_graph(path, **options)  # type: ignore[arg-type]
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_a_missing_column(write: Write) -> None:
    path = write("a.tsv", "head\trel\ttail\na\tr\tb\nc\tr\td\n")
    assert refuse(path) == (
        f"{path} has no column 'relation'. It has 'head', 'rel', 'tail'. Say which columns hold head, relation and tail: "
        'columns=("...", "...", "..."). If the file has no header line, say which columns to take by position: '
        "columns=(0, 1, 2)."
    )
    assert "no columns 'head', 'tail'. It has 'Service', 'Relation', 'Target'." in refuse(
        write("s.csv", "Service,Relation,Target\na,r,b\n")
    )
    assert "no columns 'head', 'relation', 'tail'. It has 'x', 'y', 'z'" in refuse(write("b.csv", "x,y,z\na,r,b\n"))
    assert "no columns 'head', 'relation', 'tail'" in refuse(write("c.txt", "subject\tpredicate\tobject\na\tr\tb\n"))
    assert "no columns 'head', 'relation', 'tail'" in refuse(write("d.txt", "#subject\tpredicate\tobject\na\tr\tb\n"))
    assert "no column 'tail'. It has 'head', 'relation'" in refuse(write("e.jsonl", '{"head": "a", "relation": "r"}'))
    wide = ",".join(f"c{number}" for number in range(50_000))
    assert (
        "It has 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11' and 49,988 more. Say"
        in refuse(write("wide.csv", wide))
    )
    assert "no column 'x'. It has" in refuse(path, columns=("head", "rel", "x"))
    assert "no column '5'. It has '0', '1', '2'. The first line has 3 columns" in refuse(path, columns=(0, 1, 5))
    assert "two columns called 'head'. Rename one of them" in refuse(write("f.tsv", "head\thead\trelation\ttail\n"))


def test_a_missing_column_of_parquet(tmp_path: Path, countries: KnowledgeGraph) -> None:
    path = tmp_path / "a.parquet"
    countries.to_pandas().drop(columns="tail").to_parquet(path)
    assert refuse(path).startswith(f"{path} has no column 'tail'. It has 'head', 'relation'. Say which columns")


def test_a_broken_line(write: Write) -> None:
    path = write("a.tsv", HEADER + "a\tr\tb\n\nc\tr\n")
    assert refuse(path) == (
        f"{path}, line 4: 2 columns where 3 were expected (head, relation, tail, with tabs between them).\n"
        "  c\tr\n"
        'Mend the line, or type on_error="skip" to leave such lines out and have them counted.'
    )
    assert "line 2: 4 columns where 3" in refuse(write("b.tsv", HEADER + "a\tr\tb\tc\n"))
    assert "line 2: the relation is empty.\n  a\t\tb\n" in refuse(write("c.tsv", HEADER + "a\t\tb\n"))
    assert "line 1: 1 column where 3 were expected.\n  a\n" in refuse(write("d.txt", "a\nb\n"))
    assert "line 2: a quotation mark opens a cell and none closes it" in refuse(
        write("e.csv", 'head,relation,tail\n"a,r,b\n')
    )
    assert "(head, relation, tail, with commas between them)" in refuse(write("f.csv", "head,relation,tail\na,b\n"))


def test_a_broken_line_of_json(write: Write) -> None:
    good = '{"head": "a", "relation": "r", "tail": "b"}\n'
    assert "line 2: it is not one JSON object, in braces and with double quotes.\n  {'head': 1}\n" in refuse(
        write("a.jsonl", good + "{'head': 1}\n")
    )
    path = write("b.jsonl", good + '{"head": "a", "relation": "r"}\n')
    assert 'line 2: the tail is empty.\n  {"head": "a", "relation": "r"}\n' in refuse(path)
    path = write("c.jsonl", good + '{"head": ["a"], "relation": "r", "tail": "b"}\n')
    assert "line 2: the head is not a name but \"['a']\"." in refuse(path)
    assert "line 1: it is not one JSON object" in refuse(write("d.jsonl", "[" * 100_000))


def test_a_huge_broken_line_is_cut(write: Write) -> None:
    assert len(refuse(write("a.tsv", HEADER + "x" * 1_000_000))) < 600


@pytest.mark.parametrize(
    ("content", "encoding", "line"),
    [
        ("head\trelation\ttail\nMünchen\tin\tBayern\n".encode("cp1252"), "cp1252", 2),
        ("head\trelation\ttail\na\tr\tb\n北京市\t首都\t中华人民共和国\n".encode("gb18030"), "gb18030", 3),
        ("head\trelation\ttail\na\tr\tb\n".encode("utf-16"), "utf-16", 1),
        ("head\trelation\ttail\na\tr\tb\nc\tr\td\n".encode("utf-16-le"), "utf-16-le", 1),
    ],
)
def test_a_wrong_encoding(content: bytes, encoding: str, line: int, write: Write) -> None:
    path = write("a.tsv", content)
    text = refuse(path)
    assert text.startswith(
        f"{path} is not in UTF-8, the encoding expected: line {line} looks like {encoding}. Type pathlib.Path("
    )
    (mend,) = re.findall(r"Type (.*) and read it again\.", text)
    exec(mend, {"pathlib": __import__("pathlib")})  # the line to type works
    assert len(read_graph(path)) == content.decode(encoding).count("\n") - 1


def test_an_empty_file(write: Write) -> None:
    path = write("a.tsv", "")
    assert refuse(path) == f"{path} is empty. Expected triples, one per line, with the columns head, relation, tail."
    for name in ("b.csv", "b.txt", "b.jsonl", "b.parquet", "b.nt", "b.ttl", "b.rdf", "b.graphml"):
        assert "b" + Path(name).suffix + " is empty. Expected " in refuse(write(name, ""))
    assert "a.tsv is empty" in refuse(write("a.tsv", "\ufeff\n\n  \n"))


def test_a_missing_file_names_what_lies_near(write: Write) -> None:
    near = write("triples.tsv", HEADER)
    path = near.with_name("tripels.tsv")
    assert refuse(path) == (
        f"There is no {path}. Near it are 'triples.tsv'. Expected one of .tsv .csv .txt .jsonl .json .parquet .xlsx "
        ".nt .ttl .rdf .owl .nq .trig .jsonld .graphml .gexf .npy (also .gz .bz2 .xz .zip), or a folder of tables."
    )
    assert f"the folder {near.parent / 'no'} does not exist either" in refuse(near.parent / "no" / "a.tsv")
    with pytest.raises(
        FileNotFoundError, match=r"There is no .*tripels\. .*Expected a folder with train, valid and test"
    ):
        read_split(near.with_name("tripels"))


def test_a_file_in_a_folders_place_and_a_folder_in_a_files(write: Write, tmp_path: Path) -> None:
    path = write("services.csv", "head,relation,tail\na,r,b\nb,r,a\n")
    with pytest.raises(FileNotFoundError) as caught:
        read_split(path)
    assert str(caught.value) == (
        f"{path} is a file. Expected a folder with train, valid and test files. Type "
        f"kgwb.split_triples(kgwb.read_graph({str(path)!r}))."
    )
    assert len(eval(str(caught.value).rpartition(" Type ")[2].rstrip("."), {"kgwb": kgwb}).train) == 2
    with pytest.raises(FileNotFoundError, match=r"services\.csv is a file\. Expected a folder that PyKEEN's"):
        from_pykeen(path)
    with pytest.raises(
        FileNotFoundError, match=r"There is no .*below\.tsv: .*services\.csv is a file, not a folder\. Exp"
    ):
        read_graph(path / "below.tsv")
    (tmp_path / "sentences.jsonl").mkdir()
    with pytest.raises(FileNotFoundError, match=r"sentences\.jsonl is a folder\. Expected one sentence per line"):
        read_sentences(tmp_path, read_graph(path))


def test_an_unknown_format(write: Write) -> None:
    path = write("a.doc", "x")
    assert refuse(path).startswith(f"{path} ends in '.doc', which is no format known here. Expected one of .tsv .csv")
    assert "has no suffix, which is no format known here" in refuse(write("facts", "x"))


def test_files_that_are_not_what_their_suffix_says(write: Write) -> None:
    assert "is not a Parquet file, or only a part of one. Write it with frame.to_parquet" in refuse(
        write("a.parquet", "head\trelation\ttail\n")
    )
    assert "cannot be read as GraphML. Is it complete? networkx.write_graphml" in refuse(
        write("a.graphml", "<graphml>")
    )
    entities = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><g>&b;</g>'
    for name in ("b.graphml", "b.rdf"):
        text = refuse(write(name, entities))
        assert text.endswith("defines XML entities by other entities, which can grow without bound. Spell them out.")


def test_edges_without_a_relation(write: Write) -> None:
    content = (
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="w" for="edge" attr.name="weight" '
        'attr.type="int"/><graph edgedefault="directed"><node id="a"/><node id="b"/><edge source="a" target="b">'
        '<data key="w">1</data></edge></graph></graphml>'
    )
    path = write("a.graphml", content)
    text = refuse(path)
    assert text.startswith(f"{path} has edges without an attribute 'relation' that names their relation.")
    assert "Its edges have 'weight'. Type columns=(" in text
    assert read_graph(path, columns=("head", "weight", "tail")).relation_labels == ("1",)


def test_a_folder_without_a_graph(write: Write, tmp_path: Path) -> None:
    write("set/notes.md", "")
    text = refuse(tmp_path / "set")
    assert text.startswith(f"{tmp_path / 'set'} holds no graph. Expected a table of triples (triples.tsv, with")
    assert text.endswith("It holds 'notes.md'.")
    (tmp_path / "bare").mkdir()
    assert refuse(tmp_path / "bare").endswith("It is empty.")
    write("two/triples.tsv", HEADER)
    write("two/triples.csv", "head,relation,tail\n")
    assert "holds triples.tsv and triples.csv, and only one can be read. Move the others away" in refuse(
        tmp_path / "two"
    )
    write("whole/triples.tsv", HEADER)
    with pytest.raises(GraphFileError, match=r"there is no train file.*split_triples\(read_graph\(folder\)\)"):
        read_split(tmp_path / "whole")


def test_a_table_about_entities(write: Write, tmp_path: Path) -> None:
    write("w/triples.tsv", HEADER + "a\tr\tb\n")
    table = write("w/entities.tsv", "qid\tcolour\na\tred\n")
    assert refuse(tmp_path / "w").startswith(f"{table} has no column 'entity'. It has 'qid', 'colour'. Give the file a")
    write("w/entities.tsv", "entity\tlabel\na\tA\n\tB\n")
    assert f"{table}, line 3: the column 'entity' is empty.\n  \tB\n" in refuse(tmp_path / "w")
    write("w/entities.tsv", "entity\tlabel\na\tA\nb\tB\na\tAlpha\n")
    assert refuse(tmp_path / "w") == (
        f"{table} describes 'a' on line 2 and again on line 4: 'label' is 'A', then 'Alpha'. Keep one of the lines, or "
        'type on_error="skip" to keep the first and have the others counted.'
    )
    graph = read_graph(tmp_path / "w", on_error="skip")
    assert graph.labels == ("A", "B")
    assert graph.notes == (("duplicate entity rows", 1),)


def test_openke_numbers(write: Write, tmp_path: Path) -> None:
    write("k/entity2id.txt", "2\na\t0\nb\t1\n")
    write("k/relation2id.txt", "1\nr\t0\n")
    path = write("k/train2id.txt", "2\n0 1 0\n0 9 0\n")
    assert f"{path}, line 3: no entity in entity2id.txt has the number 9.\n  0 9 0\n" in refuse(tmp_path / "k")
    assert read_graph(tmp_path / "k", on_error="skip").notes == (("broken lines: 3", 1),)
    write("k/train2id.txt", "2\n0 1 0\n0 1\n")
    assert "line 3: 2 numbers where 3 were expected (head, tail, relation)" in refuse(tmp_path / "k")
    write("k/train2id.txt", "1\n0 1 7\n")
    assert "line 2: no relation in relation2id.txt has the number 7" in refuse(tmp_path / "k")
    write("k/train2id.txt", "5\n0 1 0\n")
    assert "says in its first line that 5 lines follow, and 1 do. Is the file cut off?" in refuse(tmp_path / "k")
    assert read_graph(tmp_path / "k", on_error="skip").notes == (("lines more or fewer than train2id.txt says", 4),)
    write("k/train2id.txt", "1\n0 1 0\n")
    write("k/entity2id.txt", "2\na\t0\na\t1\n")
    assert "line 3: the name 'a' or the number 1 was given before" in refuse(tmp_path / "k")
    write("k/entity2id.txt", "2\na\t0\nb\n")
    assert "line 3: a name and its number were expected" in refuse(tmp_path / "k")
    (tmp_path / "k" / "entity2id.txt").unlink()
    assert "entity2id.txt. Near it are 'train2id.txt', 'relation2id.txt'" in refuse(tmp_path / "k")


@pytest.mark.parametrize("columns", ["hrt", ("head", "tail"), ("a", "a", "b"), ("a", 1, "b"), (0, 1)])
def test_columns_that_are_not_three(columns: object, write: Write) -> None:
    from kgwb.graph.files.reading import check_columns

    with pytest.raises(
        ValueError, match=r"columns came as .*Expected the three columns that hold head, relation and tail"
    ):
        getattr(check_columns, "__wrapped__", check_columns)(columns)


def test_a_misspelt_on_error(write: Write) -> None:
    from kgwb.graph.files.reading import read_facts

    with pytest.raises(ValueError, match=r"on_error='ignore' came\. Type one of 'raise', 'skip'\."):
        getattr(read_facts, "__wrapped__", read_facts)(write("a.tsv", HEADER), ("a", "b", "c"), on_error="ignore")


@pytest.mark.parametrize(
    ("module", "name", "package"),
    [
        ("pyoxigraph", "a.nt", "pyoxigraph"),
        ("networkx", "a.graphml", "networkx"),
        ("pyarrow.parquet", "a.parquet", "pyarrow"),
    ],
)
def test_a_missing_package_is_told_with_its_install_line(
    module: str, name: str, package: str, write: Write, countries: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"Reading \.\w+ needs {package}, which .*Type: pip install {package}$"):
        read_graph(write(name, "x"))
    if package != "pyarrow":
        with pytest.raises(ImportError, match=rf"Writing \.\w+ needs {package}, which .*Type: pip install {package}$"):
            write_graph(countries, write(name, "x"))


def test_what_is_wrong_does_not_leak_other_libraries_errors(write: Write) -> None:
    for name in ("a.parquet", "a.nt", "a.ttl", "a.rdf", "a.graphml", "a.jsonl", "a.csv"):
        text = refuse(write(name, "nonsense \x00\n"))
        for word in ("Traceback", "ArrowInvalid", "ParserError", "Error tokenizing", "ParseError", "JSONDecodeError"):
            assert word not in text


def test_xml_entities_that_stand_for_text_are_read(write: Write) -> None:
    triple = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e.org/">'
        '<rdf:Description rdf:about="&place;a"><e:r rdf:resource="&place;b"/></rdf:Description></rdf:RDF>'
    )
    define = '<?xml version="1.0"?><!DOCTYPE rdf:RDF [{}]>'
    plain = define.format('<!ENTITY place "http://e.org/">')
    assert read_graph(write("a.owl", plain + triple)).labels == ("a", "b")
    hidden = ('<!ENTITY x "x"><!ENTITY y "&#38;x;&#38;x;">', '<!ENTITY y SYSTEM "other.xml">', '<!ENTITY % y "y">%y;')
    for entities in hidden:
        assert "defines XML entities by other entities" in refuse(write("b.rdf", define.format(entities) + triple))


@pytest.mark.parametrize(
    ("module", "content", "needed_by"),
    [
        ("charset_normalizer", "München\n".encode("cp1252"), r"Guessing the encoding of .*, needs charset-normalizer"),
        (
            "defusedxml.ElementTree",
            '<!DOCTYPE g [<!ENTITY a "b">]><g/>',
            "Reading XML that defines .* needs defusedxml",
        ),
    ],
)
def test_a_missing_package_that_only_some_files_need(
    module: str, content: str | bytes, needed_by: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=needed_by + r", which is not installed\. Type: pip install "):
        read_graph(write("a.graphml", content))


def test_the_encoding_of_other_languages_is_guessed_too(write: Write) -> None:
    assert "looks like cp1251." in refuse(write("a.tsv", "Москва\tстолица\tРоссия\n".encode("cp1251")))
    assert "looks like cp1252." in refuse(write("a.csv", "head,relation,tail\nköln,r,b\n".encode("latin-1")))
    assert "looks like gb18030." in refuse(write("a.csv", "head,relation,tail\n北京,首都,中国\n".encode("gb18030")))
