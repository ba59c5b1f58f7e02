"""A seed is a whole number, and a share is one: whatever else comes is refused before anything is drawn."""

from __future__ import annotations

from typing import Any

import pytest

import kgwb
from kgwb.learn import MaskedWords, NextSentences, measure_edits, misdirect_mentions, prepend_facts

CALLS = {
    "inject": lambda p, x: kgwb.inject(p["bert"], p["vectors"], seed=x),
    "a control": lambda p, x: kgwb.bert.knowledge.draw_from(x, "random"),
    "make_questions": lambda p, x: kgwb.make_questions(p["sentences"], p["graph"], choices=2, seed=x),
    "split_questions": lambda p, x: kgwb.split_questions(p["questions"], 0.3, seed=x),
    "misdirect_mentions": lambda p, x: misdirect_mentions(p["questions"], 0.2, seed=x),
    "prepend_facts": lambda p, x: prepend_facts(p["questions"], p["graph"], seed=x),
    "measure_edits": lambda p, x: measure_edits(p["model"], p["questions"], edits=1, seed=x),
    "MaskedWords": lambda p, x: MaskedWords(["The sea is wide."], seed=x).prepare(p["bert"]),
    "NextSentences": lambda p, x: NextSentences(["The sea.", "A sky.", "The land."], seed=x).prepare(p["bert"]),
    "tune": lambda p, x: kgwb.tune(p["bert"], MaskedWords(["The sea is wide."]), seed=x),
    "split_triples": lambda p, x: kgwb.split_triples(p["graph"], seed=x),
}


@pytest.fixture(scope="module")
def parts(small_bert, vectors, town, sentences) -> dict[str, Any]:
    questions = kgwb.make_questions(sentences, town)
    model = kgwb.inject(small_bert, vectors, mode="memory")
    given = {"bert": small_bert, "vectors": vectors, "graph": town, "sentences": sentences}
    return given | {"questions": questions[:8], "model": model}


@pytest.mark.parametrize("name", CALLS)
def test_seeds(name: str, parts: dict[str, Any]) -> None:
    for wrong in (-1, True, 2**63):
        with pytest.raises(
            ValueError, match=r"seed=.* came\. It must be a whole number from 0 to below .*; type seed=0"
        ):
            CALLS[name](parts, wrong)
    CALLS[name](parts, 1)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1, 1.5])
def test_shares(wrong: float, parts: dict[str, Any]) -> None:
    for call in (
        lambda: kgwb.split_questions(parts["questions"], wrong),
        lambda: misdirect_mentions(parts["questions"], wrong),
        lambda: MaskedWords(["The sea is wide."], wrong),
        lambda: kgwb.plan_runs(parts["bert"], parts["vectors"], MaskedWords(["A."]), noise=(wrong,)),
    ):
        with pytest.raises(ValueError, match=r"(share|noise)=.* came"):
            call()


@pytest.mark.parametrize("mode", ["entity", "relation", "graph", "memory"])
def test_a_door_that_would_bring_more_than_numbers_can_hold_is_refused(mode: str, parts: dict[str, Any]) -> None:
    for strength in (1e30, 1e38, 1000.0):
        with pytest.raises(ValueError, match=r"strength=.* came\. It must be a number below 1000; type strength=2\.0"):
            kgwb.inject(parts["bert"], parts["vectors"], mode=mode, strength=strength)
