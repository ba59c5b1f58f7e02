"""Sentences agree with their graph, or the line that does not is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kgwb.graph import GraphFileError, KnowledgeGraph, Mention, read_sentences

Write = Callable[..., Path]
GOOD = {
    "text": "Berlin is the capital of Deutschland.",
    "mentions": [{"start": 25, "end": 36, "entity": "germany"}, {"start": 0, "end": 6, "entity": "berlin"}],
    "triple": ["berlin", "capital_of", "germany"],
    "wording": 2,
    "language": "en",
}


def test_sentences_are_read(write: Write, countries: KnowledgeGraph) -> None:
    chinese = {
        "text": "𝄞柏林",
        "mentions": [{"start": 1, "end": 3, "entity": "berlin"}],
        "triple": None,
        "language": "zh",
    }
    lines = [json.dumps(GOOD), "", json.dumps(chinese, ensure_ascii=False), '{"text": ""}']
    path = write("sentences.jsonl", "\ufeff" + "\r\n".join(lines))
    one, two, three = read_sentences(path.parent, countries)
    assert read_sentences(path, countries) == [one, two, three]
    assert one.mentions == (
        Mention(0, 6, countries.entity_id("berlin"), "Berlin"),
        Mention(25, 36, countries.entity_id("germany"), "Deutschland"),
    )
    assert one.triple == (countries.entity_id("berlin"), 1, countries.entity_id("germany"))
    assert (one.wording, one.language) == (2, "en")
    assert (two.mentions[0].text, two.triple, two.language, two.wording) == ("柏林", None, "zh", 0)
    assert (three.text, three.mentions) == ("", ())


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"text": None}, "'text' is missing, and text was expected"),
        ({"mentions": "x"}, "'mentions' is 'x', and a list was expected"),
        ({"mentions": [3]}, "'3' is not a JSON object"),
        (
            {"mentions": [{"start": True, "end": 6, "entity": "berlin"}]},
            "'start' is 'True', and a whole number was expected",
        ),
        (
            {"mentions": [{"start": 0, "end": 99, "entity": "berlin"}]},
            "from 0 to 99 does not lie in a text of 37 characters",
        ),
        ({"mentions": [{"start": 3, "end": 3, "entity": "berlin"}]}, "from 3 to 3 does not lie in a text"),
        (
            {"mentions": [{"start": 0, "end": 6, "entity": "Brelin"}]},
            "Unknown entity 'Brelin'. The nearest labels are 'Berlin'",
        ),
        (
            {"mentions": [{"start": 0, "end": 6, "entity": "germany"}]},
            "'Berlin', from 0 to 6, is no name of its entity, which is called 'germany', 'Germany', '德国', 'BRD'",
        ),
        (
            {"mentions": [{"start": 0, "end": 6, "entity": "berlin"}, {"start": 0, "end": 6, "entity": "berlin"}]},
            "the mentions 'Berlin' and 'Berlin' overlap",
        ),
        ({"triple": ["berlin", "germany"]}, "three names were expected: head, relation, tail"),
        ({"triple": ["berlin", "captial_of", "germany"]}, "Unknown relation 'captial_of'. The nearest labels are"),
        ({"wording": "0"}, "'wording' is '0', and a whole number was expected"),
    ],
)
def test_a_line_that_disagrees_is_shown(change: dict, rule: str, write: Write, countries: KnowledgeGraph) -> None:
    line = json.dumps(GOOD | change)
    path = write("sentences.jsonl", json.dumps(GOOD) + "\n" + line + "\n")
    with pytest.raises(GraphFileError) as error:
        read_sentences(path, countries)
    text = str(error.value)
    assert text.startswith(f"{path}, line 2: ")
    assert rule in text.split("\n")[0]
    assert line[:100] in text.split("\n")[1]
    assert 'A line is {"text": "...", "mentions"' in text


def test_files_that_are_no_sentences(write: Write, countries: KnowledgeGraph) -> None:
    with pytest.raises(GraphFileError, match=r"line 1: it is not JSON\."):
        read_sentences(write("a.jsonl", "Berlin is nice."), countries)
    with pytest.raises(GraphFileError, match=r"line 1: '\[\]' is not a JSON object"):
        read_sentences(write("a.jsonl", "[]"), countries)
    with pytest.raises(GraphFileError, match=r"a\.jsonl is empty\. Expected one sentence per line, as JSON"):
        read_sentences(write("a.jsonl", ""), countries)
    with pytest.raises(FileNotFoundError, match=r"There is no .*sentences\.jsonl\. Near it are 'a\.jsonl'"):
        read_sentences(write("a.jsonl", "").parent, countries)


def test_facts_where_sentences_are_expected_say_how_they_are_said(write: Write, countries: KnowledgeGraph) -> None:
    told = r"to say the graph's own facts as sentences, type kgwb\.verbalise\(graph\)"
    path = write("facts.csv", "head,relation,tail\nBerlin,capital of,Germany\n")
    with pytest.raises(
        GraphFileError, match=rf"facts\.csv, line 1: it is not JSON\.\n  head,.*\n.*Mend the line\. Or, {told}"
    ):
        read_sentences(path, countries)
    with pytest.raises(FileNotFoundError, match=rf"There is no .*sentences\.jsonl\..* as JSON; {told}"):
        read_sentences(path.parent, countries)
    broken = write("sentences.jsonl", json.dumps(GOOD) + "\nBerlin")  # these are sentences, and one is broken
    with pytest.raises(GraphFileError) as error:
        read_sentences(broken, countries)
    assert "verbalise" not in str(error.value)
