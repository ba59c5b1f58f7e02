"""Questions held out: about entities, or with answers, that tuning never meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from kgwb.checks import expect_at_least, expect_choices, expect_kind, expect_seed, expect_share
from kgwb.learn.questions import Question, Questions, list_entities
from kgwb.words import quote_value

By: TypeAlias = Literal["head", "answer"]
_CALL = "kgwb.split_questions(questions, by='head', share=0.3)"


def split_questions(
    questions: Questions,
    share: float = 0.3,
    *,
    by: By | Sequence[By] = "head",
    seed: int = 0,
    wording: int | None = None,
) -> tuple[Questions, Questions]:
    """Split questions into those to tune on and those about entities that tuning never meets.

    What is held out stands in no seen question: neither in its text nor among its candidates, for a name that tuning only
    ever meets as a wrong answer is pushed below chance.

    Args:
        questions: all of them.
        share: of the heads, of the answers, or of both, how many to hold out, between 0 and 1.
        by: "head" holds out entities asked about, "answer" right answers, and ("head", "answer") both: unseen are then the
            questions about a held-out head with a held-out answer, to which no question of tuning comes near.
        seed: for the draw.
        wording: keep this paraphrase for the held-out questions alone; None uses all paraphrases on both sides.

    Returns:
        (seen, unseen). What was left out of the seen ones is counted in `left_out`.

    Raises:
        TypeError: for what are no questions.
        ValueError: for another `by`, or if either side would be empty.
    """
    expect_kind(questions, Questions, "A set of questions", call=_CALL)
    expect_share("share", share, usual=0.3)
    parts = (by,) if isinstance(by, str) else by
    expect_choices("by", parts, get_args(By))
    if not parts:
        raise ValueError(f"by={quote_value(by)} came. Expected 'head', 'answer' or both; type {_CALL}.")
    seed = expect_seed(seed)
    if wording is not None:
        expect_at_least("wording", wording, 0, whole=True)
    generator = np.random.default_rng(seed)
    held_out = {
        part: _draw({getattr(q, part) for q in questions}, share, generator) for part in get_args(By) if part in parts
    }
    unseen = [
        q
        for q in questions
        if all(getattr(q, part) in held_out[part] for part in held_out) and wording in (None, q.wording)
    ]
    left_out: Counter[str] = Counter()
    seen = []
    for question in questions:
        why, kept = keep_seen(question, held_out, wording)
        if kept is not None:
            seen.append(kept)
        elif why:
            left_out[why] += 1
    if not seen or not unseen:
        counts = " and ".join(f"{len({getattr(q, part) for q in questions})} {part}s" for part in held_out)
        raise ValueError(
            f"Holding out {share:.0%} of {counts} leaves {len(seen)} questions to tune on and {len(unseen)} to "
            f"probe. Expected some of both; type {_CALL}."
        )
    return Questions(questions.graph, tuple(seen), tuple(sorted(left_out.items()))), Questions(
        questions.graph, tuple(unseen)
    )


def _draw(entities: set[int], share: float, generator: np.random.Generator) -> set[int]:
    ordered = sorted(entities)
    return set(generator.permutation(ordered)[: round(share * len(ordered))].tolist())


def keep_seen(question: Question, held_out: dict[By, set[int]], wording: int | None) -> tuple[str, Question | None]:
    """The question as tuning may see it, or why it may not; no reason where it is simply held out."""
    if any(getattr(question, part) in held_out[part] for part in held_out):
        whole = all(getattr(question, part) in held_out[part] for part in held_out)
        return "" if whole else "with a held-out head or answer, but not both", None
    if wording is not None and question.wording == wording:
        return "", None
    hidden = set().union(*held_out.values())
    if not hidden.isdisjoint(list_entities(question)):
        return "naming a held-out entity", None
    if hidden.isdisjoint(question.candidates):
        return "", question
    pairs = [pair for pair in zip(question.candidates, question.names, strict=True) if pair[0] not in hidden]
    if len({name for _, name in pairs}) < 2:
        return "with no other candidate left", None
    candidates, names = zip(*pairs, strict=True)
    return "", replace(question, candidates=candidates, names=names)
