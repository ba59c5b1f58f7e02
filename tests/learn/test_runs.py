"""The runs of a probe: which runs there are, what each is tuned on and asked, and that no door is tuned twice."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pandas as pd
import pytest

import kgwb
from kgwb.learn import mark_mentions, misdirect_mentions, prepend_facts, remove_answers
from kgwb.learn.probing import loop as probing
from kgwb.learn.probing import runs as planning
from kgwb.learn.probing.runs import check_plan

ALL = ("shuffled", "random", "matched", "off", "markers", "text")


@pytest.fixture(scope="module")
def parts(town, sentences):
    return kgwb.split_questions(kgwb.make_questions(sentences, town, choices=2), 0.3)


@pytest.fixture
def plan(small_bert, vectors, parts):
    def make(**options):
        options = {"epochs": 1, "batch": 16, "precision": "float32"} | options
        return kgwb.plan_runs(small_bert, vectors, kgwb.MaskedAnswers(parts[0]), **options)

    return make


@pytest.fixture
def tuned(monkeypatch):
    """How often a model was tuned, all of them by this process."""
    monkeypatch.setattr(probing, "count_cores", lambda: 1)
    calls = []

    def counting(model, tasks, **options):
        calls.append(model.name)
        return kgwb.tune(model, tasks, **options)

    monkeypatch.setattr(planning, "tune", counting)
    return calls


def test_the_whole_plan_has_its_names(plan, vectors):
    runs = plan(controls=ALL, noise=(0.2, 0.5), other_vectors={"answers removed": vectors})
    assert list(runs) == [
        *("plain", "markers", "text", "entity", "entity/shuffled", "entity/random", "entity/matched"),
        *("entity/answers removed", "entity/off", "entity/noise 0.2", "entity/noise 0.5"),
    ]


def test_off_and_noise_probe_the_doors_own_model(plan, parts, tuned):
    runs = plan(controls=("off",), noise=(0.5,))
    seen, unseen = parts
    models = {name: run(0) for name, run in runs.items() if name in ("plain", "entity")}
    tuned.clear()
    report = kgwb.probe(runs, unseen, seeds=2)
    assert len(tuned) == 4  # plain and entity, two seeds each
    assert report.frame["seeds"].to_list() == [2] * 4
    with models["entity"].injector.off():
        closed = kgwb.learn.answer_questions(models["entity"], unseen)["correct"].mean()
    noisy = kgwb.learn.answer_questions(models["entity"], misdirect_mentions(unseen, 0.5, seed=0))["correct"].mean()
    assert report.accuracies["entity/off", 0] == pytest.approx(closed)
    assert report.accuracies["entity/noise 0.5", 0] == pytest.approx(noisy)
    assert len(seen) > 0


def test_a_row_without_its_door_tunes_a_model_of_its_own(plan, parts, tuned):
    runs = plan(controls=("off",))
    both = kgwb.probe(runs, parts[1], seeds=1)
    tuned.clear()
    alone = kgwb.probe({"closed": runs["entity/off"]}, parts[1], seeds=1)
    assert len(tuned) == 1 and alone.accuracies["closed", 0] == both.accuracies["entity/off", 0]


def test_a_run_put_in_a_doors_place_lends_its_model(plan, parts, tuned):
    runs = plan(controls=("off",))
    ready = runs["entity"](0)
    tuned.clear()
    runs["entity"] = lambda seed: ready
    kgwb.probe({name: runs[name] for name in ("entity", "entity/off")}, parts[1], seeds=1)
    assert tuned == []


def test_markers_and_text_are_tuned_and_probed_on_rewritten_questions(plan, parts, vectors, small_bert):
    runs = plan(controls=("markers", "text"), facts=3)
    report = kgwb.probe(runs, parts[1], seeds=1)
    for name, rewrite in (("markers", mark_mentions), ("text", lambda q: prepend_facts(q, vectors.graph, facts=3))):
        model = copy.deepcopy(small_bert)
        task = kgwb.MaskedAnswers(rewrite(parts[0]))
        for _ in kgwb.tune(model, task, epochs=1, batch=16, precision="float32"):
            pass
        answers = kgwb.learn.answer_questions(model, rewrite(parts[1]))
        assert report.frame.loc[name, "accuracy"] == answers["correct"].mean()


def test_other_vectors_and_door_options_reach_the_door(plan, vectors):
    silent = kgwb.GraphEmbedding(vectors.graph, kgwb.ComplEx(), dim=8, seed=1)
    options = {"entity": {"strength": 0.5}}
    runs = plan(other_vectors={"other": silent}, doors=options, controls=("matched",))
    shapes = {name: runs[name](0).injector.doors[0].table.shape[1] for name in ("entity", "entity/other")}
    assert shapes == {"entity": 16, "entity/other": 8}
    assert runs["entity"].fingerprint != plan(controls=("matched",))["entity"].fingerprint


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"controls": ("shufled",)},
            r"controls='shufled' came. Type one of 'shuffled', 'random', 'matched', 'dealt', 'off'",
        ),
        ({"controls": ("dealt",)}, r"controls holds 'dealt', and the entity door reads no facts that could be dealt"),
        ({"modes": ("entity", "entity")}, r"Two runs would be named after 'entity'. Name each mode, control and share"),
        ({"other_vectors": ("off",)}, r"Two runs would be named after 'off'"),
        ({"other_vectors": ("noise 0.2",), "noise": (0.2,)}, r"Two runs would be named after 'noise 0.2'"),
        ({"doors": ("memory",)}, r"doors has options for 'memory', which is not among the modes entity"),
        ({"noise": (20,)}, r"noise=20 came. Expected shares of the mentions above 0, up to 1; type noise=\(0.2, 0.5\)"),
    ],
)
def test_a_plan_that_cannot_be(given, message):
    usual = {"modes": ("entity",), "controls": (), "noise": (), "doors": (), "other_vectors": ()}
    with pytest.raises(ValueError, match=message):
        check_plan(**usual | given)


def test_several_doors_have_one_name_and_options_each(plan):
    doors = {"memory": {"hops": 2}, "entity": {"pieces": "first"}}
    runs = plan(modes=(("entity", "memory"), "entity"), controls=("off",), doors=doors)
    assert list(runs) == ["plain", "entity+memory", "entity+memory/off", "entity", "entity/off"]
    assert runs["entity+memory"].door == doors and runs["entity"].door == {"pieces": "first"}
    entity, memory = runs["entity+memory"](0).injector.doors
    assert (entity.pieces, memory.hops) == ("first", 2)


def test_a_stopped_probe_goes_on_where_it_was(plan, parts, tuned, tmp_path):
    runs = plan(controls=("off", "shuffled"))
    some = {name: runs[name] for name in ("plain", "entity")}
    kgwb.probe(some, parts[1], seeds=1, folder=tmp_path / "probe")
    assert len(tuned) == 2
    kept = sorted(path.name for path in (tmp_path / "probe").iterdir())
    assert kept == ["entity, seed 0.jsonl", "plain, seed 0.jsonl"]
    report = kgwb.probe(runs, parts[1], seeds=2, folder=tmp_path / "probe")
    # The door of seed 0 is made again, for it was not asked with the door closed.
    assert len(tuned) == 2 + 1 + 2 + 2
    tuned.clear()
    again = kgwb.probe(plan(controls=("off", "shuffled")), parts[1], seeds=2, folder=tmp_path / "probe")
    assert tuned == []
    for other in (again, kgwb.probe(runs, parts[1], seeds=2)):
        pd.testing.assert_frame_equal(other.frame, report.frame, check_exact=True)
        pd.testing.assert_frame_equal(other.counts, report.counts)
        pd.testing.assert_frame_equal(other.relations, report.relations, check_exact=True)


def test_a_run_borrows_its_model_from_its_own_plan_only(plan, parts, tuned):
    one, other = plan(controls=("off",)), plan(controls=("off",), epochs=2)
    mixed = kgwb.probe({"entity": one["entity"], "entity/off": other["entity/off"]}, parts[1], seeds=1)
    assert len(tuned) == 2
    alone = kgwb.probe({"entity/off": other["entity/off"]}, parts[1], seeds=1)
    assert mixed.counts[mixed.counts["run"] == "entity/off"].to_dict("list") == alone.counts.to_dict("list")


def test_another_probe_in_the_folder_is_refused_before_anything_is_tuned(plan, parts, tuned, tmp_path):
    kgwb.probe(plan(controls=()), parts[1], seeds=1, folder=tmp_path)
    tuned.clear()
    with pytest.raises(
        ValueError,
        match=r"holds another probe: 'plain', seed 0, differs in its questions \(.* there, .* here\). Type another",
    ):
        kgwb.probe(plan(controls=()), parts[1][1:], seeds=1, folder=tmp_path)
    with pytest.raises(
        ValueError, match=r"'plain', seed 0, differs in its epochs \(1 there, 2 here\). Type another folder, probe\("
    ):
        kgwb.probe(plan(controls=(), epochs=2), parts[1], seeds=1, folder=tmp_path)
    with pytest.raises(ValueError, match=r"'entity', seed 0, differs in its entity.strength \(2.0 there, 1.0 here"):
        kgwb.probe(plan(controls=(), doors={"entity": {"strength": 1.0}}), parts[1], seeds=1, folder=tmp_path)
    assert tuned == []


def test_a_broken_file_of_answers(plan, parts, tmp_path):
    runs = {"plain": plan()["plain"]}
    kgwb.probe(runs, parts[1], seeds=1, folder=tmp_path)
    path = tmp_path / "plain, seed 0.jsonl"
    first = json.loads(path.read_text().splitlines()[0])
    assert (first["run"], first["seed"]) == ("plain", 0)
    for text in ("", "{", '{"run": "plain"}\n'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"plain, seed 0.jsonl holds no answers, or is broken. Remove it"):
            kgwb.probe(runs, parts[1], seeds=1, folder=tmp_path)


@pytest.mark.parametrize(
    ("plan_of", "what"),
    [
        ({"precision": "bfloat16"}, "precision"),
        ({"top_layers": 1}, "top_layers"),
        ({"policy": "full"}, "policy"),
        ({"dropout": True}, "dropout"),
        ({"batch": 8}, "batch"),
        ({"learning_rate": 1e-4}, "learning_rate"),
        ({"doors": {"entity": {"adaptive": True}}}, "entity.adaptive"),
        ({"doors": {"entity": {"pieces": "first"}}}, "entity.pieces"),
    ],
)
def test_kept_answers_are_those_of_the_same_recipe(plan, parts, tmp_path, plan_of, what):
    kgwb.probe({"entity": plan()["entity"]}, parts[1], seeds=1, folder=tmp_path)
    with pytest.raises(ValueError, match=rf"'entity', seed 0, differs in its {what} \("):
        kgwb.probe({"entity": plan(**plan_of)["entity"]}, parts[1], seeds=1, folder=tmp_path)


def test_a_closed_door_and_a_doors_options_are_no_other_models_answers(small_bert, vectors, parts, tmp_path):
    model = kgwb.inject(small_bert, vectors, mode="memory")
    kgwb.probe({"it": model}, parts[1], folder=tmp_path)
    with model.injector.off(), pytest.raises(ValueError, match=r"differs in its is_on \(True there, False here\)"):
        kgwb.probe({"it": model}, parts[1], folder=tmp_path)
    with pytest.raises(ValueError, match=r"differs in its doors \("):
        kgwb.probe({"it": kgwb.inject(small_bert, vectors, mode="memory", hops=2)}, parts[1], folder=tmp_path)
    with pytest.raises(ValueError, match=r"differs in its precision"):
        kgwb.probe({"it": model}, parts[1], folder=tmp_path, precision="bfloat16")
    kgwb.probe({"own": lambda seed: model}, parts[1], seeds=1, folder=tmp_path)
    with pytest.raises(ValueError, match=r"differs in its function"):
        kgwb.probe({"own": lambda seed: copy.deepcopy(model)}, parts[1], seeds=1, folder=tmp_path)


def test_each_thing_that_decides_a_model_is_compared(small_bert, vectors, plan, parts, tmp_path):
    def configure(**changes) -> kgwb.bert.Bert:
        config = copy.deepcopy(small_bert.model.config)
        for name, value in changes.items():
            setattr(config, name, value)
        model = type(small_bert.model)(config)
        model.load_state_dict(small_bert.model.state_dict())
        model.set_attn_implementation("eager")
        return kgwb.bert.Bert(model, small_bert.tokenizer, name="small", new_head=True).eval()

    def cut_with(**changes) -> kgwb.bert.Bert:
        model = copy.deepcopy(small_bert)
        for name, value in changes.items():
            setattr(model.tokenizer, name, value)
        return model

    kgwb.probe({"it": small_bert}, parts[1], folder=tmp_path)
    kgwb.probe({"it": configure()}, parts[1], folder=tmp_path)
    for part, other in {
        "config": (configure(num_attention_heads=4), configure(layer_norm_eps=0.1), configure(hidden_act="relu")),
        "tokenizer": (cut_with(mask_token="[SEP]"), cut_with(unk_token="[SEP]")),
    }.items():
        for model in other:
            with pytest.raises(ValueError, match=rf"'it', seed 0, differs in its {part} \("):
                kgwb.probe({"it": model}, parts[1], folder=tmp_path)
    runs = {"entity": plan()["entity"]}
    kgwb.probe(runs, parts[1], seeds=1, folder=tmp_path)
    with pytest.raises(ValueError, match=r"differs in its precision of answers \('auto' there, 'bfloat16' here"):
        kgwb.probe(runs, parts[1], seeds=1, folder=tmp_path, precision="bfloat16")
    partly = copy.deepcopy(vectors)
    partly.trained_on[2] = False  # then `inject` gives it a vector from its label
    with pytest.raises(ValueError, match=r"'entity', seed 0, differs in its filled \("):
        kgwb.probe({"entity": replace(runs["entity"], vectors=partly)}, parts[1], seeds=1, folder=tmp_path)


def test_answers_cut_or_doubled_are_damaged(small_bert, parts, tmp_path):
    kgwb.probe({"it": small_bert}, parts[1], folder=tmp_path)
    path = tmp_path / "it, seed 0.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    half, doubled = lines[: len(lines) // 2], [*lines[:2], *lines[1:]]
    for damaged in (half, doubled, lines[:-1], [*lines[:2], *lines[3:]], [*lines, lines[1]], [lines[0], lines[-1]]):
        path.write_text("".join(damaged))
        with pytest.raises(ValueError, match=r"it, seed 0.jsonl holds no answers, or is broken. Remove it"):
            kgwb.probe({"it": small_bert}, parts[1], folder=tmp_path)


def test_any_name_of_a_run_is_a_file_of_its_own(small_bert, parts, tmp_path):
    names = ["a/b", "../up", "a%2Fb", "中", "C:\\x"]
    report = kgwb.probe(dict.fromkeys(names, small_bert), parts[1], folder=tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 5 and len(list(tmp_path.iterdir())) == 1
    again = kgwb.probe(dict.fromkeys(names, small_bert), parts[1], folder=tmp_path / "kept")
    pd.testing.assert_frame_equal(again.frame, report.frame)


def test_what_can_be_derived_without_the_edge(plan, parts, town, small_bert):
    without = remove_answers(town, parts[1])
    assert len(without) < len(town)
    silent = kgwb.GraphEmbedding(without, kgwb.ComplEx(), dim=16)
    runs = plan(other_vectors={"answers removed": silent}, controls=())
    assert runs["entity/answers removed"](0).injector.graph is without
