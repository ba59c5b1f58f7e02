"""Doors into one BERT: tuned one after the other on the graph's own facts, and compared with plain BERT on a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from kgwb.bert import Bert, Reading, inject, read
from kgwb.bert.injection import Mode
from kgwb.bert.knowledge import Control, EntityVectors, expect_entity_vectors
from kgwb.checks import expect_at_least, expect_choice, expect_kind, expect_text
from kgwb.embed.precision import choose_precision
from kgwb.graph import KnowledgeGraph, verbalise
from kgwb.learn import MaskedAnswers, Questions, Step, answer_questions, make_questions, split_questions, tune
from kgwb.learn.questions import MASK
from kgwb.see.workbench.asked_sentence import ask_sentence, compare_answers, describe_candidates
from kgwb.see.workbench.gates import open_gate
from kgwb.see.workbench.training_run import name_precision

MODES: tuple[str, ...] = get_args(Mode)
CONTROLS: tuple[str, ...] = get_args(Control)
_FACTS, _STEPS, _BATCH = 3000, 100, 32  # more facts are thinned out; about so many steps of so many questions
_EPOCHS = 15  # few questions are soon learnt by heart
_HELD_OUT = 0.3


@dataclass(frozen=True, eq=False)
class SentenceComparison:
    """One sentence before and after a door.

    Attributes:
        text: the sentence.
        before, after: the readings of plain BERT, and of BERT with the door.
        answers: candidates for its mask with their probabilities; empty where it has none.
        note: which candidates there were.
    """

    text: str
    before: Reading
    after: Reading
    answers: pd.DataFrame
    note: str


class DoorTrial:
    """One plain BERT, one set of vectors, and every door that was tuned between them.

    Args:
        bert: plain.
        vectors: entity vectors and their graph.
        questions: to tune and to measure on; by default made of the graph's own facts.
        seed: of the doors, the held-out questions and the order of tuning.

    Attributes:
        seen, unseen: questions to tune on, and those about entities that tuning never meets.
        models: the tuned models, by door and control.
        steps: the steps that each took.
        reached: the share of unseen questions that each answers right; under None that of plain BERT.

    Raises:
        ValueError: no question can be made of the facts.
    """

    def __init__(
        self, bert: Bert, vectors: EntityVectors, *, questions: Questions | None = None, seed: int = 0
    ) -> None:
        expect_kind(bert, Bert, "A BERT", call="kgwb.load_bert()")
        expect_entity_vectors(vectors, "kgwb.see.InjectionPanel(bert, {})")
        expect_kind(
            questions,
            (Questions, type(None)),
            "A set of questions, or None,",
            call="kgwb.make_questions(sentences, graph)",
        )
        self.bert, self.vectors, self.graph, self.seed = bert, vectors, vectors.graph, seed
        self.stride = 1 + len(self.graph) // _FACTS if questions is None else 1
        self.made = questions is None
        if questions is None:
            questions = _ask_facts(self.graph, self.stride)
        self.seen, self.unseen = split_questions(questions, share=_HELD_OUT, seed=seed)
        # Named, not "auto": what the same code gives in another process must not hang on which format was faster there.
        work = _BATCH * bert.model.num_parameters()
        self.precision = name_precision(choose_precision("auto", bert.device, work=work))
        self.models: dict[tuple[str, str | None], Bert] = {}
        self.steps: dict[tuple[str, str | None], list[Step]] = {}
        self.reached: dict[tuple[str, str | None] | None, float] = {}

    @property
    def epochs(self) -> int:
        """Passes over the seen questions that make about 100 steps, and at most 15."""
        return min(_EPOCHS, max(1, round(_STEPS * _BATCH / len(self.seen))))

    def count_steps(self, epochs: int | None = None) -> int:
        """How many steps tuning takes."""
        return (epochs or self.epochs) * -(-len(self.seen) // _BATCH)

    def tune(self, mode: str, control: str | None = None, *, epochs: int | None = None) -> Iterator[Step]:
        """Tune a fresh door, a step at a time; whenever it ends, also by `close`, the model is kept as far as it came.

        Args:
            mode: which door.
            control: which knowledge is taken away; None for none.
            epochs: passes over the seen questions.
        """
        expect_choice("mode", mode, MODES)
        if control is not None:
            expect_choice("control", control, CONTROLS)
        if epochs is not None:
            expect_at_least("epochs", epochs, 1, whole=True)
        return self._tune(mode, control, epochs or self.epochs)

    def _tune(self, mode: str, control: str | None, epochs: int) -> Iterator[Step]:
        model = inject(self.bert, self.vectors, mode=mode, control=control, seed=self.seed)  # type: ignore[arg-type]
        steps: list[Step] = []
        try:
            for step in tune(model, MaskedAnswers(self.seen), epochs=epochs, precision=self.precision, seed=self.seed):
                steps.append(step)
                yield step
        finally:
            if steps:
                self.models[mode, control], self.steps[mode, control] = model, steps
                self.reached.pop((mode, control), None)

    def measure(self, mode: str, control: str | None = None) -> tuple[float, float]:
        """The share of unseen questions answered right by plain BERT and with the door.

        Raises:
            ValueError: the door is not tuned yet.
        """
        model = self.find(mode, control)
        for key, each in ((None, self.bert), ((mode, control), model)):
            if key not in self.reached:
                self.reached[key] = float(answer_questions(each, self.unseen)["correct"].mean())
        return self.reached[None], self.reached[mode, control]

    def find(self, mode: str, control: str | None = None) -> Bert:
        """The tuned model.

        Raises:
            ValueError: there is none yet.
        """
        if (mode, control) not in self.models:
            name = mode if control is None else f"{mode}/{control}"
            raise ValueError(f"The door {name!r} is not tuned yet. Press Tune, or type panel.tune().")
        return self.models[mode, control]

    def compare(
        self, text: str, mode: str, control: str | None = None, *, openness: float | None = None
    ) -> SentenceComparison:
        """Read a sentence before and after, with the door as far open as asked.

        Args:
            text: with [MASK] where an answer should stand, or without.
            mode, control: which door.
            openness: of its gate, 0 to 1; None as far as it learnt.

        Raises:
            ValueError: the sentence is empty, holds two masks, or the door is not tuned.
        """
        expect_text("text", text, usual=f"Paris is in {MASK}.")
        if not text.strip():
            raise ValueError(f"The sentence is empty. Type one, with {MASK} where the answer should stand.")
        model = self.find(mode, control)
        model = model if openness is None else open_gate(model, openness)
        questions = ask_sentence(text, self.graph, self.bert)
        answers, note = (
            pd.DataFrame(columns=["answer", "before", "after", "change", "known"]),
            "no [MASK], so no answers",
        )
        if questions is not None:
            answers, note = compare_answers(self.bert, model, questions), describe_candidates(questions)
        mask = self.bert.tokenizer.mask_token
        shown = text.replace(MASK, mask)
        return SentenceComparison(text, read(self.bert, shown), read(model, shown), answers, note)

    def propose_sentence(self, mode: str, control: str | None = None) -> str:
        """An unseen question that the door answers right and plain BERT does not, or the first."""
        if not len(self.unseen):
            return ""
        if (mode, control) not in self.models:
            return self.unseen[0].text
        right = [answer_questions(each, self.unseen)["correct"] for each in (self.bert, self.models[mode, control])]
        gained = (~right[0] & right[1]).to_numpy().nonzero()[0]
        return self.unseen[int(gained[0]) if len(gained) else 0].text

    def write_code(self, mode: str, control: str | None = None) -> str:
        """What to type for the same model."""
        stride = "" if self.stride == 1 else f", graph.triples[::{self.stride}]"
        given = "" if control is None else f", control={control!r}"
        steps = self.steps.get((mode, control), [])
        total = steps[0].total if steps else 0
        epochs = total // self.count_steps(1) if steps else self.epochs
        options = f"epochs={epochs}, precision={self.precision!r}, seed={self.seed}"
        tuned = f"kgwb.tune(model, kgwb.MaskedAnswers(seen), {options})"
        stopped = 0 < len(steps) < total
        lines = ["from itertools import islice", ""] if stopped else []
        lines += [
            "bert = kgwb.load_bert()" if self.bert.name == "minilm" else f"bert = kgwb.load_bert({self.bert.name!r})",
            *([f"questions = kgwb.make_questions(kgwb.verbalise(graph{stride}), graph)"] if self.made else []),
            f"seen, unseen = kgwb.split_questions(questions, share={_HELD_OUT}, seed={self.seed})",
            f"model = kgwb.inject(bert, vectors, mode={mode!r}{given}, seed={self.seed})",
            f"tuning = kgwb.show_training({f'islice({tuned}, {len(steps)})' if stopped else tuned}, name={mode!r})",
            "float(kgwb.learn.answer_questions(model, unseen)['correct'].mean())",
        ]
        return "\n".join(lines)

    def write_comparison(self, text: str, openness: float | None = None) -> str:
        """What to type for the same readings."""
        opened = "model" if openness is None else f"kgwb.see.open_gate(model, {openness:g})"
        return "\n".join(
            [
                f"text = {text!r}",
                f"before, after = kgwb.read(bert, text), kgwb.read({opened}, text)",
                "attention = kgwb.show_attention(before, after, graph=graph)",
                "attention",
            ]
        )


def _ask_facts(graph: KnowledgeGraph, stride: int) -> Questions:
    """A question for each fact, or for every second, third and so on.

    Raises:
        ValueError: no fact gives one; says which facts would.
    """
    try:
        return make_questions(verbalise(graph, graph.triples[::stride]), graph)
    except ValueError:
        raise ValueError(
            f"No fact of {graph.name!r} makes a question, so no door can be tuned. A relation needs two different tails to "
            "choose from, and heads whose names do not hold the answer. Add such facts to the file; the page can be saved "
            "without BERT."
        ) from None
