"""Numbers that cannot be are refused before anything is done, with the argument's name and what to type.

The calls run in a process of their own, because in this one the annotations are checked before kgwb can say a word.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np

import kgwb

SCRIPT = """
import json, sys
import numpy as np, pandas as pd, torch
import kgwb
nan, inf = float("nan"), float("inf")
facts = pd.DataFrame([[f"e{i}", "r", f"e{(i + 1) % 6}"] for i in range(6)], columns=["head", "relation", "tail"])
graph = kgwb.KnowledgeGraph.from_pandas(facts)
vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
bert = kgwb.load_bert()
task = kgwb.MaskedAnswers(kgwb.make_questions(kgwb.verbalise(graph), graph))
model = kgwb.inject(bert, vectors, mode="memory")
before = model.injector.facts.clone()
said = {}
for call in json.loads(sys.stdin.read()):
    try:
        eval(call)
        said[call] = "nothing"
    except Exception as problem:
        said[call] = f"{type(problem).__name__}: {problem}"
    assert model.injector.facts.equal(before), call
print(json.dumps(said))
"""
MODES = ("entity", "relation", "graph", "tower", "memory")
COUNTS = {"memory": ("hops", "most"), "graph": ("hops", "most", "width", "depth", "bases", "heads"), "tower": ("hops",)}
LAYERS = (
    "3",
    "(3, 3)",
    "()",
    "(6,)",
    "(-1,)",
    "(1.0,)",
    "(True,)",
    "(nan,)",
    "'3'",
    "('3',)",
    "[2, 2]",
    "(None,)",
    "2.5",
)
FACTS = (
    *("[[.9, 1.2, 3.7]]", "[[0., 0., 3.]]", "torch.tensor([[0., 0., 3.]])", "[[True, False, True]]", "[[0, False, 1]]"),
    *("np.array([[True, False, True]])", "[['e0', 'r', 'e1']]", "[[0, 1]]", "[[0, 0, 2], [0, 1]]", "[0, 0, 1]", "'e0'"),
    *("[[0, 0, 1, 1, 0, 2]]", "[[0, None, 1]]", "None", "7"),
)


def list_calls():
    for mode in MODES:
        start = f"kgwb.inject(bert, vectors, mode={mode!r}, "
        for value in ("nan", "inf", "0", "-1.0", "True", "'2'", "None"):
            yield f"{start}strength={value})", r"strength=.* It must be a number above 0; type strength=2.0"
        for name in COUNTS.get(mode, ()):
            for value in ("1.5", "0.5", "nan", "True", "0", "-1", "'1'", "None"):
                yield f"{start}{name}={value})", rf"{name}=.* came. It must be .*; type {name}=1"
        place = "place='middle', " if mode == "entity" else ""
        for value in LAYERS:
            yield f"{start}{place}layers={value})", r"layers=.* Expected some of them, each once. Type layers=\(\d,\)"
    for value in ("()", "('input', 'input')"):
        yield f"kgwb.inject(bert, vectors, place={value})", r"place=.* Expected one place or several different ones"
    for value in FACTS:
        for call in ("add", "withdraw"):
            yield (
                f"model.injector.{call}({value})",
                r"Facts came as .*Expected rows of three whole numbers.*entity_id\(",
            )
    refused = {
        "batch": ("0", "-1", "1.5", "True", "nan", "'a'"),
        "learning_rate": ("nan", "-1", "0", "inf", "'1'", "True"),
        "epochs": ("0", "-1", "1.5", "True", "nan"),
        "top_layers": ("-1", "1.5"),
        "seed": ("-1", "0.5", "None"),
    }
    for name, values in refused.items():
        for value in values:
            yield f"kgwb.tune(bert, task, {name}={value})", rf"{name}=.* type {name}="
    yield "kgwb.learn.answer_questions(bert, task.questions, batch=0)", "batch=0 came.* type batch=1"


def test_numbers_that_cannot_be_say_what_to_type():
    calls = dict(list_calls())
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, input=json.dumps(list(calls)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    wrong = [
        (call, said[call]) for call, message in calls.items() if not re.search(f"^ValueError: {message}", said[call])
    ]
    assert wrong == []


def test_layers_may_come_as_a_list_or_a_range(bert, vectors):
    for layers in ([1, 4], range(1, 5, 3), (1, 4)):
        door = kgwb.inject(bert, vectors, mode="memory", layers=layers).injector.doors[0]
        assert door.layers == (1, 4) and all(type(layer) is int for layer in door.layers)


def test_no_facts_and_ids_of_any_whole_kind_are_taken(bert, vectors):
    model = kgwb.inject(bert, vectors, mode="memory")
    whole = model.injector.facts.clone()
    one = whole[:1]
    for fact in (one, one.int(), one.numpy(), one.numpy().astype(np.uint8), one.tolist(), (tuple(one[0].tolist()),)):
        model.injector.withdraw(fact)
        assert len(model.injector.facts) == len(whole) - 1
        model.injector.add(fact)
    for nothing in ([], (), np.empty((0, 3), dtype=int), whole[:0]):
        model.injector.add(nothing)
    assert model.injector.facts.equal(whole)
