"""One exam for all that may be new: what each group holds, what tuning may see, and what the report says."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import kgwb
from kgwb.learn import MaskedAnswers, answer_questions, measure_generalisation, plan_generalisation
from kgwb.learn.probing.generalisation_exam import GROUPS
from kgwb.learn.questions import list_entities

ARCHIPELAGO = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
RELATIONS = ["born_in", "member_of", "speaks", "practises", "islander_of"]
CHOSEN = {"relations": RELATIONS, "derivable": ["islander_of"], "unseen_relations": ["practises"], "wording": 2}


@pytest.fixture(scope="module")
def world():
    graph = kgwb.read_graph(ARCHIPELAGO)
    return graph, kgwb.read_sentences(ARCHIPELAGO, graph)


@pytest.fixture(scope="module", params=range(2))
def exam(world, request):
    return plan_generalisation(*world, **CHOSEN, seed=request.param)


def test_every_group_is_asked_in_a_wording_that_tuning_never_meets(exam):
    assert list(exam.asked) == list(GROUPS)
    assert {q.wording for questions in exam.asked.values() for q in questions} == {2}
    assert 2 not in {q.wording for q in exam.tuned}


def test_tuning_meets_nothing_of_what_is_new(exam, world):
    graph, _ = world
    people = {q.head for name in GROUPS[1:] for q in exam.asked[name]}
    answers = {q.answer for q in exam.asked["unseen answers"]}
    for question in exam.tuned:
        assert people.isdisjoint(list_entities(question)) and question.head not in people
        assert answers.isdisjoint(question.candidates)
        assert graph.relation_labels[question.relation] != "practises"


def test_seen_facts_were_tuned_on_and_no_others(exam):
    told = {(q.head, q.relation, q.answer) for q in exam.tuned}
    for name, questions in exam.asked.items():
        assert all(((q.head, q.relation, q.answer) in told) == (name == "seen in text") for q in questions)


def test_the_graph_knows_what_its_groups_say(exam, world):
    known, whole = (set(map(tuple, graph.triples.tolist())) for graph in (exam.graph, world[0]))
    for name, questions in exam.asked.items():
        facts = {(q.head, q.relation, q.answer) for q in questions}
        assert facts <= whole
        assert not facts & known if name in ("derivable", "unseen entities") else facts <= known
    unknown = {q.head for q in exam.asked["unseen entities"]}
    assert not np.isin(exam.graph.triples, sorted(unknown))[:, [0, 2]].any()


def test_what_was_taken_from_the_graph_can_be_derived(exam):
    given = set(map(tuple, kgwb.graph.apply_rules(exam.graph, kgwb.find_rules(exam.graph)).triples.tolist()))
    facts = [(q.head, q.relation, q.answer) for q in exam.asked["derivable"]]
    assert sum(fact in given for fact in facts) >= 0.9 * len(facts)


def test_defaults_find_a_derivable_relation_and_one_to_leave_out(world):
    exam = plan_generalisation(*world)
    assert "islander of" in exam.derivable and len(exam.unseen_relations) == 1
    assert set(exam.asked) == set(GROUPS) and min(map(len, exam.asked.values())) >= 10
    assert f"{len(exam.tuned):,} questions to tune on, and to ask: seen in text" in repr(exam)


def test_a_report_has_each_group_for_each_run_beside_its_floors(world, small_bert):
    exam = plan_generalisation(*world, **CHOSEN)
    options = {"epochs": 1, "precision": "float32", "seeds": 2}
    found = measure_generalisation(small_bert, exam, controls=("shuffled",), **options, learn=learn)
    frame = found.frame
    assert frame.index.tolist() == [(group, run) for group in GROUPS for run in ("plain", "memory", "memory/shuffled")]
    assert (frame["seeds"] == 2).all() and (frame["questions"] > 0).all()
    model = copy.deepcopy(small_bert)
    expected = []
    for seed in range(2):
        model = copy.deepcopy(small_bert)
        for _ in kgwb.tune(model, MaskedAnswers(exam.tuned), seed=seed, epochs=1, precision="float32"):
            pass
        expected.append(answer_questions(model, exam.asked["graph only"])["correct"].mean())
    assert frame.loc[("graph only", "plain"), "accuracy"] == pytest.approx(np.mean(expected))
    view = kgwb.see.show_probe(found.report, groups=found.relations)
    assert set(view.frame.index.get_level_values("group")) == set(GROUPS)
    shown = view.frame.loc[("derivable", "memory"), "accuracy"]
    assert shown == pytest.approx(frame.loc[("derivable", "memory"), "accuracy"])
    assert "unseen answers" in repr(found)


def learn(graph):
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=16, seed=0)
    for _ in kgwb.train_embedding(vectors, graph, epochs=2, precision="float32"):
        pass
    return vectors


def test_a_share_that_leaves_nothing(world):
    with pytest.raises(ValueError, match=r"share=1.0 leaves 0 questions to tune on, and \d+ to ask. Expected"):
        plan_generalisation(*world, **CHOSEN, share=1.0)
