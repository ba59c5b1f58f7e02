"""Asking: answers with the facts that they hang on, "the graph does not say", and what was met in tuning."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert
from kgwb.learn.answering.asking import SILENT

PEOPLE = ("Akish", "Borven", "Calda", "Dremo", "Elvit", "Fosk", "Gurna", "Hatil")
TOWNS = ("Kupen", "Toru", "Ajeth", "Momb")


@pytest.fixture(scope="module")
def folk() -> kgwb.KnowledgeGraph:
    facts = [(person, "lives in", TOWNS[i % 4]) for i, person in enumerate(PEOPLE)]
    facts += [(person, "teacher", PEOPLE[(i + 1) % 8]) for i, person in enumerate(PEOPLE)]
    types = dict.fromkeys(PEOPLE, "person") | dict.fromkeys(TOWNS, "town")
    table = pd.DataFrame({"entity": list(types), "type": list(types.values())})
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), table)


@pytest.fixture(scope="module")
def tuned(folk: kgwb.KnowledgeGraph) -> tuple[Bert, kgwb.learn.Questions, kgwb.learn.Questions]:
    """A pointer door tuned on some people, and the questions about the others."""
    vectors = kgwb.GraphEmbedding(folk, kgwb.ComplEx(), dim=8)
    wordings = {"lives in": "{head} lives in {tail}.", "teacher": "The teacher of {head} is {tail}."}
    questions = kgwb.make_questions(kgwb.verbalise(folk, wordings=wordings), folk, candidates="all")
    seen, unseen = kgwb.split_questions(questions, 0.4, by=("head", "answer"), seed=1)
    model = kgwb.inject(kgwb.load_bert(), vectors, mode="pointer")
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(seen), top_layers=0, epochs=40, batch=8):
        pass
    return model, seen, unseen


def test_answers_that_tuning_never_met_are_given_with_their_fact(tuned, folk):
    model, seen, unseen = tuned
    assert not {q.answer for q in unseen} & {q.answer for q in seen}
    found = kgwb.answer(model, [question.text for question in unseen])
    best = found.groupby("question", sort=False).head(1)
    assert best["answer"].tolist() == [folk.labels[question.answer] for question in unseen]
    assert not best["answer_met"].any() and not best["names_met"].any() and not best["question_met"].any()
    for row, question in zip(best.itertuples(), unseen, strict=True):
        fact = f"{folk.labels[question.head]} | {folk.relation_labels[question.relation]} | {row.answer} ("
        assert row.facts.startswith(fact) and row.support > 0.5


def test_probabilities_sum_to_one_over_everything(tuned, folk):
    found = kgwb.answer(tuned[0], "Akish lives in [MASK].", most=100)
    assert found["probability"].sum() == pytest.approx(1, abs=1e-5)
    assert SILENT in found["answer"].tolist() and "Akish" not in found["answer"].tolist()
    assert found["probability"].is_monotonic_decreasing


def test_where_the_fact_is_gone_the_graph_does_not_say(tuned, folk):
    model = tuned[0]
    fact = (folk.entity_id("Akish"), folk.relation_id("lives in"), folk.entity_id("Kupen"))
    with model.injector.without_facts([fact]):
        gone = kgwb.answer(model, "Akish lives in [MASK].")
    assert gone["answer"][0] == SILENT and gone["probability"][0] > 0.5


def test_a_sentence_that_names_nobody_says_so(tuned):
    found = kgwb.answer(tuned[0], "Zork Blim lives in [MASK].")
    assert found["answer"][0] == SILENT and found["probability"][0] == 1
    assert found["facts"][0] == "the sentence names no entity of the graph" and found["names"][0] == ""


def test_a_door_without_any_fact_says_nothing(tuned):
    model = tuned[0]
    with model.injector.without_facts(model.injector.facts.tolist()):
        found = kgwb.answer(model, "Akish lives in [MASK].")
    assert found["answer"][0] == SILENT and found["probability"][0] == pytest.approx(1) and not found["facts"].any()


def test_what_was_met_is_known_and_comes_back_from_a_folder(tuned, tmp_path):
    model, seen, _ = tuned
    found = kgwb.answer(model, seen[0].text)
    assert found["answer_met"][0] and found["names_met"].all() and found["question_met"].all()
    again = kgwb.load_bert(model.save(tmp_path / "model"))
    assert again.met == model.met
    pd.testing.assert_frame_equal(kgwb.answer(again, seen[0].text), found)


def test_candidates_and_relations_narrow_the_choice(tuned, folk):
    model = tuned[0]
    assert set(kgwb.answer(model, "Akish lives in [MASK].", candidates=["Toru", "Momb"])["answer"]) == {
        SILENT,
        "Toru",
        "Momb",
    }
    given = kgwb.answer(model, "Akish lives in [MASK].", relation="lives in", most=9)["answer"]
    assert set(given) == {SILENT, *TOWNS}


def test_a_door_that_points_at_nothing_cannot_refuse(folk):
    model = kgwb.inject(kgwb.load_bert(), kgwb.GraphEmbedding(folk, kgwb.ComplEx(), dim=8), mode="memory")
    found = kgwb.answer(model, "Akish lives in [MASK].", most=3)
    assert len(found) == 3 and SILENT not in found["answer"].tolist() and found["support"].isna().all()


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("Akish lives in Kupen.", {}, ValueError, r"holds 0 masks. Expected one \[MASK\]"),
        ("[MASK] lives in [MASK].", {}, ValueError, r"holds 2 masks. Expected one \[MASK\]"),
        ("Akish lives in [MASK].", {"candidates": ["Kupen"]}, ValueError, "1 candidates with a name came"),
        ("Akish lives in [MASK].", {"candidates": ["Kupenn"]}, kgwb.graph.UnknownNameError, "Kupen"),
        ("Akish lives in [MASK].", {"relation": "lives on"}, kgwb.graph.UnknownNameError, "lives in"),
        (
            "Akish lives in [MASK].",
            {"relation": "lives in", "candidates": ["Kupen", "Toru"]},
            ValueError,
            "candidates and relation came. Expected one of them",
        ),
        ("Akish lives in [MASK].", {"most": 0}, ValueError, "most=0"),
    ],
)
def test_what_cannot_be_asked(tuned, text, options, error, message):
    with pytest.raises(error, match=message):
        kgwb.answer(tuned[0], text, **options)


def test_plain_bert_has_nothing_to_hang_an_answer_on():
    with pytest.raises(ValueError, match=r"has no door. Type kgwb.inject\(bert, vectors, mode='pointer'\)"):
        kgwb.answer(kgwb.load_bert(), "Paris is in [MASK].")


def test_tuning_touches_no_weight_of_the_tuned_bert_but_the_door(tuned):
    plain = kgwb.load_bert().model.state_dict()
    head = {name for name in plain if name.startswith("cls")}
    assert all(
        torch.equal(value, plain[name]) for name, value in tuned[0].model.state_dict().items() if name not in head
    )
