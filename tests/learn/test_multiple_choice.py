"""Questions that name their choices: what is wrong is named, names of a graph are mentions, and facts explain answers."""

from __future__ import annotations

import copy

import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED

import kgwb
from kgwb.bert import Bert
from kgwb.graph import Mention, Sentence
from kgwb.learn import MultipleChoice, predict, score_predictions

ASKED = FRAMED["MultipleChoice"].frame
TRADES = pd.DataFrame(
    {
        "text": ["vorap speaks [MASK].", "What does malap speak?", "Who speaks Run?"],
        "choices": [["Ket", "Sol", "Run"], ["Sol", "Run"], ["malap", "vorap", "a shoe"]],
        "label": ["Ket", "Run", "malap"],
    }
)


@pytest.fixture
def bert(small_bert) -> Bert:
    return copy.deepcopy(small_bert)


def change(column: str, value: object, row: int = 1) -> pd.DataFrame:
    cells = ASKED[column].tolist()
    cells[row] = value
    return ASKED.assign(**{column: pd.Series(cells, dtype=object)})


def read(bert: Bert, frame: pd.DataFrame):
    return MultipleChoice.read(bert, frame, MultipleChoice(frame).settings)


def spell(bert: Bert, examples, text: int, stretch: int = 0) -> str:
    start, end = examples.units[text][0][stretch]
    return bert.tokenizer.decode(examples.encoding.pieces[text, start:end])


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "choices",
            [],
            r"Row 1 holds no choice in the column 'choices'\. Expected two texts at least; for example: \['o",
        ),
        ("choices", ["fire"], r"Row 1 holds a single choice in the column 'choices'\. Expected two texts at least"),
        ("choices", ["fire", " "], r"Row 1 holds the choice ' ' in the column 'choices'\. Expected two texts"),
        ("choices", ["fire", None], r"Row 1 holds the choice None in the column 'choices'\. Expected two texts"),
        ("choices", "fire", r"Row 1 holds 'fire' in the column 'choices'\. Expected a list of choices; for example"),
        (
            "choices",
            ["ice", "fire", "ice"],
            r"Row 1 holds the choice 'ice' more than once in the column 'choices'\..*type frame\['choices'\] = ",
        ),
        (
            "choices",
            ["fire", "Fire"],
            r"does not tell the choices 'fire' and 'Fire' of row 1 apart: .* Write one otherwise, or type another BERT",
        ),
        ("choices", ["fire", "xq " * 61], r"A choice of row 1 has 122 word pieces; this BERT has room for 60 beside"),
        (
            "label",
            "Fire",
            r"Row 1 has the label 'Fire' .* not among its choices \['ice', 'fire', 'snow'\]\. .* for example: 'ice'\.",
        ),
        ("text", "[MASK] and [MASK]", r"Row 1 holds 2 masks: '\[MASK\] and \[MASK\]'\. Expected one \[MASK\] at most"),
        ("text", None, r"Row 1 holds None in the column 'text'\. Expected a text"),
    ],
)
def test_what_is_no_question_with_choices(bert, column, value, message):
    with pytest.raises(ValueError, match=message):
        MultipleChoice(change(column, value)).prepare(bert)
    assert not bert.heads


def test_without_the_column_of_choices_nothing_is_asked(bert):
    MultipleChoice(ASKED).prepare(bert)
    with pytest.raises(ValueError, match=r"The frame has no column 'choices'"):
        predict(bert, ASKED.drop(columns="choices"))


def test_a_choice_stands_in_the_place_of_the_mask_or_behind_the_question(bert):
    examples = read(bert, ASKED)
    rows = zip(examples.encoding.pieces, examples.encoding.is_token, strict=True)
    texts = [bert.tokenizer.decode(row[real]) for row, real in rows]
    assert texts[0] == "[CLS] what is cold? [SEP] ice [SEP]" and texts[5] == "[CLS] snow is cold. [SEP]"
    assert [spell(bert, examples, i) for i in range(7)] == ["ice", "fire", "ice", "fire", "snow", "snow", "fire"]
    assert examples.groups[:3] == ((0, 1), (2, 3, 4), (5, 6))
    assert [len(offered) for offered in examples.offered] == [2, 3, 2, 2, 4, 2]


def test_probabilities_are_the_softmax_over_the_choices_of_a_row(bert):
    prepared = MultipleChoice(ASKED).prepare(bert)
    with torch.no_grad():
        prepared.head.weight.normal_(generator=torch.Generator().manual_seed(0))
        texts = list(range(len(prepared.examples)))
        logits = MultipleChoice.score(bert, prepared.head, prepared.examples, texts)[:, 0]
        expected = [logits[list(group)].log_softmax(0) for group in prepared.groups]
        right = [choices.index(label) for choices, label in zip(ASKED["choices"], ASKED["label"], strict=True)]
        loss = -torch.stack([row[one] for row, one in zip(expected, right, strict=True)])
        found = predict(bert, ASKED)
        assert found["probability"].tolist() == pytest.approx([float(row.exp().max()) for row in expected])
        assert float(prepared.loss(bert, range(len(ASKED)))) == pytest.approx(float(loss.mean()))
        assert float(prepared.loss(bert, [4, 1])) == pytest.approx(float(loss[[4, 1]].mean()))


def test_the_order_of_choices_changes_no_answer(bert):
    MultipleChoice(ASKED).prepare(bert)
    turned = ASKED.assign(choices=[choices[::-1] for choices in ASKED["choices"]])
    one, other = predict(bert, ASKED), predict(bert, turned)
    assert one["given"].tolist() == other["given"].tolist()
    assert one["probability"].tolist() == pytest.approx(other["probability"].tolist(), abs=1e-6)


def test_a_long_question_leaves_room_for_the_longest_choice_and_is_said(bert, caplog):
    frame = change("text", "word " * 100)
    examples = read(bert, change("choices", ["ice", "a much longer choice"]).assign(text=frame["text"]))
    assert "1 text of more than 57 word pieces, of which no more are read (the first in row 1)" in caplog.text
    lengths = examples.encoding.is_token.sum(1).tolist()
    assert lengths[2:4] == [61, 64] and bert.longest == 64
    masked = read(bert, change("text", "word " * 100 + "[MASK] is hot" + " word" * 9))
    assert "ice is hot word" in bert.tokenizer.decode(masked.encoding.pieces[2])


def test_names_of_the_graph_are_mentions_and_facts_explain_the_answer(bert, vectors, town):
    assert "facts" not in predict_with(bert, TRADES).columns
    model = kgwb.inject(bert, vectors, mode="relation")
    examples = read(model, TRADES)
    named = [[town.labels[each.entity] for each in found] for found in examples.encoding.mentions]
    assert named[:5] == [["vorap", "Ket"], ["vorap", "Sol"], ["vorap", "Run"], ["malap", "Sol"], ["malap", "Run"]]
    assert named[5:] == [["Run", "malap"], ["Run", "vorap"], ["Run"]]
    for given, facts in (
        (["Ket", "Run", "malap"], ["vorap | speaks | Ket", "malap | speaks | Run", "malap | speaks | Run"]),
        (["Run", "Sol", "a shoe"], ["", "", ""]),
    ):
        assert MultipleChoice.explain(model, examples, [], given) == {"facts": facts}
    found = predict_with(model, TRADES)
    assert list(found.columns) == ["given", "probability", "facts"] and all(
        isinstance(one, str) for one in found["facts"]
    )


def predict_with(bert: Bert, frame: pd.DataFrame) -> pd.DataFrame:
    model = copy.deepcopy(bert)
    MultipleChoice(frame).prepare(model)
    return predict(model, frame)


def test_facts_are_those_that_the_door_holds_now(bert, vectors, town):
    model = kgwb.inject(bert, vectors, mode="memory")
    examples = read(model, TRADES[:1])
    fact = (town.entity_id("vorap"), town.relation_id("speaks"), town.entity_id("Ket"))
    model.injector.withdraw([fact])
    assert MultipleChoice.explain(model, examples, [], ["Ket"]) == {"facts": [""]}
    without = kgwb.inject(bert, vectors, mode="entity")  # reads vectors: the graph itself answers
    assert MultipleChoice.explain(without, examples, [], ["Ket"]) == {"facts": ["vorap | speaks | Ket"]}


@pytest.mark.parametrize("text", ["She speaks [MASK], of all.", "What does she speak?", "[MASK], says she, is hers."])
def test_a_sentence_brings_its_own_mentions(bert, vectors, town, text):
    model = kgwb.inject(bert, vectors)
    start, person = text.index("she") if "she" in text else 0, town.entity_id("vorap")
    frame = TRADES[:1].assign(text=[Sentence(text, (Mention(start, start + 3, person, "She"),))])
    examples = read(model, frame)
    for found, choice in zip(examples.encoding.mentions, ["Ket", "Sol", "Run"], strict=True):
        assert {(each.text.lower(), each.entity) for each in found} == {
            ("she", person),
            (choice.lower(), town.entity_id(choice)),
        }
    assert MultipleChoice.explain(model, examples, [], ["Sol"]) == {"facts": ["vorap | speaks | Sol"]}


def test_a_door_lets_the_graph_decide_what_no_text_says(bert, vectors, town):
    people = [label for label in town.labels if label not in ("Baker", "Miller", "Ket", "Sol", "Run")]
    trade = {town.labels[h]: town.labels[t] for h, r, t in town.triples if town.relation_labels[r] == "works as"}
    rows = [(f"{person} works as [MASK].", ["Baker", "Miller"], trade[person]) for person in people]
    frame = pd.DataFrame(rows, columns=["text", "choices", "label"])
    seen, unseen = frame[frame.index % 5 > 0], frame[frame.index % 5 == 0]  # four bakers and four millers
    options = {"epochs": 20, "batch": 16, "learning_rate": 2e-4, "precision": "float32", "policy": "full"}
    scores = []
    for model in (kgwb.inject(bert, vectors, mode="relation"), copy.deepcopy(bert)):
        for _ in kgwb.tune(model, MultipleChoice(seen), **options):
            pass
        scores.append(score_predictions(model, unseen))
    assert scores[0].accuracy > 0.8 > scores[1].accuracy
    assert all(scores[0].predictions["facts"][unseen["label"] == scores[0].predictions["given"]])
