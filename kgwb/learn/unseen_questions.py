"""Questions held out: about entities that tuning never sees."""

from __future__ import annotations

import numpy as np

from kgwb.checks import expect_at_least, expect_kind, expect_seed, expect_share
from kgwb.learn.questions import Questions, list_entities


def split_questions(
    questions: Questions, share: float = 0.3, *, seed: int = 0, wording: int | None = None
) -> tuple[Questions, Questions]:
    """Split questions into those to tune on and those about entities that tuning never sees.

    Args:
        questions: all of them.
        share: of the heads, how many to hold out, between 0 and 1.
        seed: for the draw.
        wording: keep this paraphrase for the held-out questions alone; None uses all paraphrases on both sides.

    Returns:
        (seen, unseen): no held-out head is mentioned in any seen question. What that removed is counted.

    Raises:
        TypeError: for what are no questions.
        ValueError: if either side would be empty.
    """
    expect_kind(questions, Questions, "A set of questions", call="kgwb.split_questions(questions, share=0.3)")
    expect_share("share", share, usual=0.3)
    seed = expect_seed(seed)
    if wording is not None:
        expect_at_least("wording", wording, 0, whole=True)
    heads = sorted({question.head for question in questions})
    chosen = np.random.default_rng(seed).permutation(heads)[: round(share * len(heads))]
    held_out = set(chosen.tolist())
    unseen = [q for q in questions if q.head in held_out and wording in (None, q.wording)]
    rest = [q for q in questions if q.head not in held_out and (wording is None or q.wording != wording)]
    seen = [q for q in rest if held_out.isdisjoint(list_entities(q))]
    if not seen or not unseen:
        raise ValueError(
            f"Holding out {share:.0%} of {len(heads)} heads leaves {len(seen)} questions to tune on and {len(unseen)} to "
            "probe. Expected some of both; type split_questions(questions, share=0.3)."
        )
    dropped = (("naming a held-out entity", len(rest) - len(seen)),) if len(rest) > len(seen) else ()
    return Questions(questions.graph, tuple(seen), dropped), Questions(questions.graph, tuple(unseen))
