"""What a panel says of a door that was tried: how far it is open, what it reaches, and a sentence's answers."""

from __future__ import annotations

from kgwb.see.workbench.controls import make_table
from kgwb.see.workbench.door_trial import DoorTrial, SentenceComparison
from kgwb.words import count_things, shorten

CAPTION = (
    "Probabilities are among the candidates only. Tuning changes BERT's head and top layers too, so a gate at 0 is not plain "
    "BERT; a control shows what is gained without the knowledge. One sentence is an example, not a measure."
)


def describe_gate(trial: DoorTrial, key: tuple[str, str | None]) -> str:
    """How far the door learnt to open, or why its gate cannot be moved yet."""
    if key not in trial.models:
        return "This door is not tuned yet: press Tune, then it can be opened and closed."
    return f"learnt: {learn_openness(trial, key):.2f}; 0 closes the door, 1 opens it wide"


def learn_openness(trial: DoorTrial, key: tuple[str, str | None]) -> float:
    """How far the door that was tuned is open."""
    injector = trial.find(*key).injector
    return 0.0 if injector is None else injector.gate


def describe_reach(trial: DoorTrial, key: tuple[str, str | None]) -> str:
    """What the door reaches on questions that tuning never met, beside plain BERT and guessing."""
    unseen = count_things(len(trial.unseen), "question")
    if key not in trial.reached:
        return f"{count_things(len(trial.seen), 'question')} to tune on, {unseen} held out"
    before, after = trial.measure(*key)
    return (
        f"Right on {unseen} about entities that tuning never met: plain BERT {before:.0%}, with the door {after:.0%}; "
        f"guessing {trial.unseen.chance:.0%}."
    )


def write_answers(comparison: SentenceComparison | None) -> str:
    """The candidates for a sentence's mask as a table; nothing where it has none."""
    if comparison is None or not len(comparison.answers):
        return ""
    rows = []
    for row in comparison.answers.itertuples(name="Row"):
        shares = (f"{row.before:.1%}", f"{row.after:.1%}", f"{row.change:+.1%}".replace("-", "−"))
        rows.append((shorten(row.answer, 60), *shares, "in the graph" if row.known else ""))
    return make_table((comparison.note, "before", "after", "change", ""), rows, numbers=(1, 2, 3))
