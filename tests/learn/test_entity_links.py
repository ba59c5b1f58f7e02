"""Which entity a name means: candidates by the graph's names, evidence beside the cosines, NIL, and a graph that is kept."""

from __future__ import annotations

import copy
import json

import framed_tasks
import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, make_homonyms

import kgwb
from kgwb.bert import Bert
from kgwb.bert.loading import BertLoadError
from kgwb.graph import Mention, Sentence
from kgwb.learn import EntityLinks, predict, score_predictions

NAMED = FRAMED["EntityLinks"].frame
GRAPH = make_homonyms()


@pytest.fixture
def bert(small_bert) -> Bert:
    return copy.deepcopy(small_bert)


def change(column: str, value: object, row: int = 1) -> pd.DataFrame:
    cells = NAMED[column].tolist()
    cells[row] = value
    return NAMED.assign(**{column: pd.Series(cells, dtype=object)})


def read(bert: Bert, frame: pd.DataFrame, graph: kgwb.KnowledgeGraph = GRAPH):
    return EntityLinks.read(bert, frame, EntityLinks(frame, graph).settings)


def test_candidates_are_those_that_the_graph_calls_so_and_none(bert):
    examples = read(bert, NAMED)
    assert examples.offered[0] == ("springfield_il", "springfield_ma", None)
    assert examples.offered[2] == ("lane_singer", "lane_smith", None)  # an alias, and a label
    assert examples.offered[6] == ("上海", None) and examples.offered[7] == (None,)
    assert [len(units) for units in examples.units] == [3, 3, 3, 3, 3, 3, 2, 1]


def test_what_the_head_sees_is_the_evidence_of_link_mentions_and_two_cosines(bert):
    texts = NAMED["text"].tolist()[:4]
    found = kgwb.find_mentions(texts, GRAPH, bert.tokenizer)
    table = kgwb.bert.link_mentions(texts, found, GRAPH).scores
    names = GRAPH.entities["entity"]
    examples = read(bert, NAMED[:4])
    with torch.no_grad():
        seen = EntityLinks.look(bert, examples, [0, 1, 2, 3]).split([3] * 4)
    for row, (features, (start, end)) in enumerate(zip(seen, NAMED["span"], strict=False)):
        assert features[-1].tolist() == [0, 0, 0, 0, 0, 1]
        assert (features[:-1, :2].abs() <= 1.0001).all() and features[0, 0] != features[1, 0]
        [number] = [i for i, mention in enumerate(found[row]) if (mention.start, mention.end) == (start, end)]
        of_row = table[(table["sentence"] == row) & (table["mention"] == number)].set_index("entity")
        for place, name in enumerate(examples.offered[row][:-1]):
            expected = of_row.loc[names[names == name].index[0]]
            assert features[place, 2:4].tolist() == pytest.approx([expected["prior"], expected["coherence"]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "Springfeld",
            r"Row 1 means 'Springfeld' in the column 'entity'\. Expected the name or label .* 'homonyms', or None",
        ),
        ("Springfield", r"or None for what it lacks\. 2 entities have this label; the first is 'springfield_il'\."),
        (99, r"Row 1 means 99 in the column 'entity'\. Expected the name or label of an entity"),
        (True, r"Row 1 means True in the column 'entity'\. Expected the name or label of an entity"),
        (1.5, r"Row 1 means 1\.5 in the column 'entity'\. Expected the name or label of an entity"),
        (["Lane"], r"Row 1 means \['Lane'\] in the column 'entity'\. Expected the name or label of an entity"),
    ],
)
def test_what_is_no_entity(bert, value, message):
    with pytest.raises(ValueError, match=message):
        EntityLinks(change("entity", value), GRAPH).prepare(bert)
    assert not bert.heads


@pytest.mark.parametrize("span", [None, (3, 3), (0, 400), "Springfield"])
def test_spans_lie_within_their_text(bert, span):
    with pytest.raises(ValueError, match=r"Row 1 holds .* in the column 'span', for a text of .*for example: \(0, 5\)"):
        EntityLinks(change("span", span), GRAPH).prepare(bert)


def test_an_entity_may_be_given_by_name_label_or_id(bert):
    expected = [name for _, _, name in framed_tasks.NAMED]
    settings = EntityLinks(NAMED, GRAPH).settings
    for missing in (None, float("nan"), pd.NA):
        ids = [missing if name is None else GRAPH.entity_id(name) for name in expected]
        names = [missing if name is None else name for name in expected]
        for given in (ids, names):
            frame = NAMED.assign(entity=pd.Series(given, dtype=object))
            assert EntityLinks.read_answers(frame, settings) == expected
    assert EntityLinks.read_answers(NAMED[:1].assign(entity=["Ada Lane"]), settings) == ["lane_singer"]


def test_rows_that_cannot_be_answered_are_counted_and_not_learnt_from(bert, caplog):
    frame = change("entity", "Illinois", row=3)
    prepared = EntityLinks(frame, GRAPH).prepare(bert)
    assert "1 row of 8 whose entity the graph does not call so are not learnt from (the first is row 3, " in caplog.text
    with torch.no_grad():
        whole, without = prepared.loss(bert, range(8)), prepared.loss(bert, [0, 1, 2, 4, 5, 6, 7])
        assert float(prepared.loss(bert, [3])) == 0 and float(whole) == pytest.approx(float(without), rel=1e-5)
    assert score_predictions(bert, frame).predictions["given"][3] != "Illinois"


def test_a_name_that_the_graph_lacks_means_none_of_its_entities(bert):
    EntityLinks(NAMED, GRAPH).prepare(bert)
    found = predict(bert, NAMED)
    assert found["given"][7] is None and found["probability"][7] == 1 and found["candidates"][7] == []
    assert all(set(each) <= set(GRAPH.entities["entity"]) for each in found["candidates"])
    for given, candidates in zip(found["given"][:7], found["candidates"][:7], strict=True):
        assert given in (None, candidates[0])


def test_other_names_are_found_or_brought_and_the_span_itself_gives_nothing_away(bert):
    text, (start, end) = NAMED["text"][0], NAMED["span"][0]
    wrong = GRAPH.entity_id("springfield_ma")
    place = GRAPH.entity_id("Massachusetts")
    own = (Mention(start, end, wrong), Mention(20, 28, place))  # says that Illinois is Massachusetts
    frame = NAMED[:1].assign(text=[Sentence(text, own)])
    examples, found = read(bert, frame), read(bert, NAMED[:1])
    assert [mention.entity for mention in examples.encoding.mentions[0]] == [place]
    assert examples.evidence[0][:, 1].argmax() == 1 and found.evidence[0][:, 1].argmax() == 0


def test_a_name_in_small_letters_is_another_word_to_the_head(bert):
    frame = pd.DataFrame({"text": ["The lane of Ada Lane was long."] * 2, "span": [(4, 8), (12, 20)]})
    small, proper = read(bert, frame).evidence
    assert small[:, 2].tolist() == [1, 1, 0] and proper[:, 2].tolist() == [0, 0]


def test_of_long_texts_what_stands_around_the_span_is_read(bert, caplog):
    text = "word " * 100 + NAMED["text"][0]
    frame = NAMED[:1].assign(text=[text], span=[(500, 511)])
    examples = read(bert, frame)
    assert "1 text of more than 62 word pieces" in caplog.text
    start, end = examples.units[0][0][0]
    assert bert.tokenizer.decode(examples.encoding.pieces[0, start:end]) == "springfield"


def test_long_descriptions_are_read_from_the_beginning(bert):
    facts = pd.DataFrame([["Lane", "in", "Rome"]], columns=["head", "relation", "tail"])
    names = pd.DataFrame({"entity": ["Lane"], "description": ["word " * 100]})
    examples = read(bert, NAMED[2:3], kgwb.KnowledgeGraph.from_pandas(facts, names))
    assert examples.described.is_token.sum(1).tolist() == [bert.longest]


def test_the_graph_is_saved_with_the_head_and_looked_after(bert, tmp_path):
    EntityLinks(NAMED, GRAPH).prepare(bert)
    folder = bert.save(tmp_path / "model")
    again = kgwb.load_bert(folder)
    kept = again.heads["entity_links"].settings["graph"]
    assert (kept.name, kept.notes, kept.labels) == (GRAPH.name, GRAPH.notes, GRAPH.labels)
    EntityLinks(NAMED, GRAPH).prepare(again)  # the same graph: it goes on from there
    facts = GRAPH.to_pandas()[1:]
    other = kgwb.KnowledgeGraph.from_pandas(facts, GRAPH.entities, name="homonyms")
    with pytest.raises(
        ValueError, match=r"is 'entity links' with .*, not 'entity links' with .*EntityLinks\(frame, graph, n"
    ):
        EntityLinks(NAMED, other).prepare(again)
    (folder / "heads" / "entity_links" / "graph" / "triples.tsv").write_text("head\trelation\ttail\n", encoding="utf-8")
    with pytest.raises(BertLoadError, match=r"triples\.tsv has been changed"):
        kgwb.load_bert(folder)


def test_a_record_without_its_graph_is_refused(bert, tmp_path):
    EntityLinks(NAMED, GRAPH).prepare(bert)
    described = bert.heads["entity_links"].describe()
    assert json.loads(json.dumps(described)) == described and "graph" not in described["settings"]
    with pytest.raises(ValueError, match="the graph of the head 'links' is not read as it was written"):
        kgwb.bert.task_head.restore_heads({"links": described}, {}, {})
