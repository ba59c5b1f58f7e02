"""Probing: answers, their accuracy, and the controls beside them."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

import kgwb
from kgwb.bert.knowledge import gather_knowledge, take_knowledge_away
from kgwb.graph import Mention, Sentence
from kgwb.learn.questions import Question, Questions
from kgwb.learn.tasks import encode_questions


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


def test_answers_are_the_best_candidate_with_its_probability(small_bert, questions):
    answers = kgwb.learn.answer_questions(small_bert, questions, batch=7)
    encoded = encode_questions(small_bert, questions)
    with torch.no_grad():
        chances = encoded.scores(small_bert, list(range(len(questions)))).softmax(-1)
    assert answers["given"].to_list() == [encoded.names[i] for i in chances.argmax(1).tolist()]
    assert answers["correct"].to_list() == (answers["given"] == answers["answer"]).to_list()
    right = chances[torch.arange(len(questions)), encoded.answers]
    assert answers["probability"].to_list() == pytest.approx(right.tolist(), abs=1e-5)


def test_every_candidate_is_an_entity_and_nothing_else(small_bert, town, questions):
    encoded = encode_questions(small_bert, questions)
    for row, question in zip(encoded.entities.tolist(), questions, strict=True):
        named = {encoded.names[i]: entity for i, entity in enumerate(row) if entity >= 0}
        assert named == dict(zip(question.names, question.candidates, strict=True))
    several = kgwb.make_questions(say_tongues(town), town)
    rows = encode_questions(small_bert, replace(several, items=(*questions[:2].items, *several.items))).entities
    assert (rows < 0).any(1).all()  # a trade is no candidate where a tongue is asked for


def say_tongues(town):
    ket, vorek = town.entity_id("Ket"), town.entity_id("vorek")
    mentions = (Mention(0, 5, vorek), Mention(13, 16, ket))
    return [Sentence("vorek speaks Ket.", mentions, (vorek, town.relation_id("speaks"), ket))]


def test_candidates_of_one_name_stand_for_the_answer_or_the_first(small_bert, questions):
    question = replace(questions[0], candidates=(0, 2, 1, 5), names=("Same", "Same", "Other", "Other"), answer=2)
    encoded = encode_questions(small_bert, replace(questions, items=(question,)))
    assert encoded.names == ("Other", "Same") and encoded.entities.tolist() == [[1, 2]]


def test_a_door_at_the_output_scores_the_candidates_as_entities(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors, place="output")
    encoded = encode_questions(model, questions)
    rows = list(range(6))
    plain = encoded.scores(small_bert, rows)
    assert torch.equal(encoded.scores(model, rows), plain)
    for parameter in model.injector.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        hidden, trace = model.reach_mask(encoded.encoding.select(rows))
        added = model.injector.score_entities(hidden, encoded.entities[rows], trace)
        torch.testing.assert_close(encoded.scores(model, rows), plain + added)
        assert float(added.abs().max()) > 1e-3
        with model.injector.off():
            assert torch.equal(encoded.scores(model, rows), plain)


def test_half_precision_answers_nearly_alike(small_bert, questions):
    exact, rough = (kgwb.learn.answer_questions(small_bert, questions, precision=p) for p in ("float32", "bfloat16"))
    assert rough["probability"].to_numpy() == pytest.approx(exact["probability"].to_numpy(), abs=0.02)
    assert (rough["probability"] != exact["probability"]).any()


def test_a_bar_counts_every_run_and_seed(small_bert, questions, capsys):
    kgwb.probe({"one": small_bert, "two": lambda seed: small_bert}, questions, seeds=2, progress=True)
    assert "3/3" in capsys.readouterr().err


def test_runs_are_plain_each_door_and_its_controls(small_bert, vectors, questions):
    runs = kgwb.plan_runs(small_bert, vectors, kgwb.MaskedAnswers(questions), epochs=1)
    assert list(runs) == ["plain", "entity", "entity/shuffled", "entity/random"]
    models = {name: run(0) for name, run in runs.items()}
    assert models["plain"].injector is None
    assert [models[name].injector.control for name in list(runs)[1:]] == [None, "shuffled", "random"]


def test_the_table_has_mean_spread_chance_and_each_relation(small_bert, questions):
    seeds = []

    def run(seed):
        seeds.append(seed)
        model = copy.deepcopy(small_bert)
        torch.nn.init.normal_(
            model.model.cls.predictions.transform.dense.weight, generator=torch.Generator().manual_seed(seed)
        )
        return model

    report = kgwb.probe({"ready": small_bert, "run": run}, questions, seeds=3)
    table = report.frame
    assert seeds == [0, 1, 2]
    assert list(table.index) == ["ready", "run"]
    assert table["seeds"].to_list() == [1, 3]
    values = [kgwb.learn.answer_questions(run(seed), questions)["correct"].mean() for seed in range(3)]
    assert table.loc["run", "accuracy"] == pytest.approx(sum(values) / 3)
    assert table.loc["run", "spread"] == pytest.approx(float(torch.tensor(values).std()))
    assert table["chance"].to_list() == [0.5, 0.5]
    assert table.loc["ready", "works as"] == table.loc["ready", "accuracy"]
    assert list(report.accuracies.index) == [("ready", 0), ("run", 0), ("run", 1), ("run", 2)]
    assert list(table.columns[:6]) == ["accuracy", "spread", "chance", "majority", "seeds", "questions"]


def test_knowledge_shows_and_its_controls_do_not(small_bert, vectors, questions):
    seen, unseen = kgwb.split_questions(questions, 0.3)
    runs = kgwb.plan_runs(
        small_bert, vectors, kgwb.MaskedAnswers(seen), epochs=30, batch=8, learning_rate=1e-4, precision="float32"
    )
    table = kgwb.probe({name: runs[name] for name in ("entity", "entity/shuffled")}, unseen, seeds=2).frame
    assert table.loc["entity", "accuracy"] > 0.9
    assert table.loc["entity/shuffled", "accuracy"] < 0.8


def test_a_relation_may_be_called_chance(small_bert, town, questions):
    renamed = kgwb.KnowledgeGraph(town.triples, town.entities, town.relations.assign(label=["speaks", "chance"]))
    table = kgwb.probe({"plain": small_bert}, replace(questions, graph=renamed)).frame
    assert table.loc["plain", "chance"] == 0.5
    assert table.loc["plain", "chance (relation)"] == table.loc["plain", "accuracy"]


def ask(town, names, answers):
    """A question for each answer, among candidates of these names; their entities are the first of the graph."""
    given = tuple(range(len(names)))
    asked = [Question("The town is [MASK].", (), 0, 0, answer, given, tuple(names)) for answer in answers]
    return Questions(town, tuple(asked))


def test_names_that_the_tokenizer_cannot_tell_apart_are_counted(small_bert, town):
    questions = ask(town, ["Sole", "Sol\u00e9", "Paris", "Rome"], [0, 2, 3])
    report = kgwb.probe({"plain": small_bert}, questions)
    assert report.indistinct == 1 and report.relations["indistinct"].tolist() == [1]
    assert report.chance == report.relations["chance"][0] == pytest.approx(1 / 3) and questions.chance == 0.25
    assert "Not to be told from another candidate by word pieces: 1." in report.protocol
    apart = kgwb.probe({"plain": small_bert}, ask(town, ["Sole", "Paris"], [0, 1]))
    assert (apart.indistinct, apart.chance) == (0, 0.5) and "word pieces" not in apart.protocol


@pytest.mark.parametrize("names", [["Sole", "Sol\u00e9", "Paris"], ["\u9f98\u9f98", "\u9f49", "Rome"]])
def test_questions_of_which_most_answers_look_alike_are_refused(small_bert, town, names):
    with pytest.raises(ValueError, match=r"2 of 3 answers cannot be told .* kgwb.load_bert\('bert-base-chinese'\)"):
        kgwb.MaskedAnswers(ask(town, names, [0, 1, 2])).prepare(small_bert)


def test_nothing_to_probe(small_bert, questions):
    with pytest.raises(
        ValueError, match=r"No run came. Expected at least one; type kgwb.probe\(\{'plain': bert\}, questions\)"
    ):
        kgwb.probe({}, questions)
    with pytest.raises(ValueError, match=r"seeds=0 came. It must be at least 1; type seeds=1"):
        kgwb.probe({"plain": small_bert}, questions, seeds=0)


def test_the_table_says_what_controls_still_state(small_bert, vectors, questions, tmp_path):
    def make(control, mode="memory"):
        return lambda seed: kgwb.inject(small_bert, vectors, mode=mode, control=control, seed=seed)

    runs = {"plain": small_bert, "memory": make(None), "entity/shuffled": make("shuffled", "entity")}
    runs |= {f"memory/{control}": make(control) for control in ("shuffled", "random", "matched")}
    report = kgwb.probe(runs, questions, seeds=2, folder=tmp_path / "probe")
    facts = set(map(tuple, vectors.graph.triples.tolist()))

    def count(seed):  # seen from the head, or from the tail
        own = take_knowledge_away(gather_knowledge(vectors), "shuffled", seed=seed).identity.tolist()
        return sum((own[h], r, t) in facts or (h, r, own[t]) in facts for h, r, t in facts)

    most = max(map(count, range(2)))
    expected = {"entity/shuffled": 0, "memory/shuffled": most, "memory/random": 0, "memory/matched": 0}
    assert report.kept == {run: (kept, len(facts)) for run, kept in expected.items()} and most > 0
    assert report.frame["kept"].dropna().to_dict() == expected
    said = f"Facts that controls still state: memory/shuffled {most} of {len(facts)}; the others none."
    assert said in report.protocol and said in repr(report) and said.rstrip(".") in kgwb.see.show_probe(report).caption
    again = kgwb.probe(runs, questions, seeds=2, folder=tmp_path / "probe")
    for suffix in (".csv", ".json"):
        assert again.kept == kgwb.learn.read_report(report.save(tmp_path / f"table{suffix}")).kept == report.kept
    first, second = (
        kgwb.probe({name: runs[name]}, questions, seeds=2) for name in ("memory/shuffled", "memory/random")
    )
    assert first.join(second).kept.keys() == {"memory/shuffled", "memory/random"}
    assert "No control states a fact of the graph." in second.protocol
    plain = kgwb.probe({"plain": small_bert}, questions)
    assert "kept" not in plain.frame and "control" not in plain.protocol


def test_chance_by_a_tokenizer_is_that_of_the_table(small_bert, town):
    questions = ask(town, ["Sole", "Sol\u00e9", "Paris", "Rome"], [0, 2, 3])
    prepared = kgwb.MaskedAnswers(questions).prepare(small_bert)
    assert prepared.chance == pytest.approx(kgwb.probe({"plain": small_bert}, questions).chance) == pytest.approx(1 / 3)
