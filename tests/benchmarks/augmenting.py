"""What more sentences from the same facts are worth, where the exam's wording is new.

archipelago, entity door: half of the people, in the first wording of each relation alone, are what there is to tune on. The
exam asks about the others, in that wording and in one that no text has. Beside the sentences as they are: each said again
behind words that say nothing (the control: as many texts, nothing new), in wordings written by hand, and, as what can be had
at most, in the other wordings of the sample. Every run takes equally many steps.

python tests/benchmarks/augmenting.py --seeds 3 --threads 1        about 20 minutes on one core
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable

import numpy as np
import torch
from doors import ASKED, BATCH, SAMPLES, SHARE, STEPS, learn
from figures import record

import kgwb
from kgwb.learn import Questions, answer_questions, augment, reword_facts

WORDINGS = {
    "born in": ("{head} comes from {tail}.", "{tail} is where {head} first saw the light."),
    "member of": ("{head} belongs to the guild {tail}.", "In {tail}, {head} has a seat."),
    "speaks": ("One hears {head} talk in {tail}.", "At home {head} uses {tail}."),
    "practises": ("{head} has learnt {tail}.", "The work of {head} is {tail}."),
}
log = logging.getLogger("bench")


def main() -> None:
    """Tune in each way, over seeds, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    graph = kgwb.read_graph(SAMPLES / "archipelago")
    sentences = kgwb.read_sentences(SAMPLES / "archipelago", graph)
    questions = kgwb.make_questions(sentences, graph, relations=ASKED["archipelago"]["known"])
    seen, new = kgwb.split_questions(questions, SHARE, wording=ASKED["archipelago"]["wording"])
    people = {each.head for each in new}
    met = keep(questions, lambda each: each.head in people and each.wording == 0)
    vectors, bert = learn(graph), kgwb.load_bert("minilm")
    for name, its in list_ways(keep(seen, lambda each: each.wording == 0), seen).items():
        found = []
        for seed in range(asked.seeds):
            model = kgwb.inject(bert, vectors, mode="entity", seed=seed)
            epochs = max(1, round(asked.steps * BATCH / len(its)))
            for _ in kgwb.tune(model, kgwb.MaskedAnswers(its), epochs=epochs, batch=BATCH, seed=seed):
                pass
            found.append([float(answer_questions(model, exam)["correct"].mean()) for exam in (met, new)])
            log.info("%s, seed %d: %s", name, seed, found[-1])
        mean, spread = np.mean(found, axis=0), np.std(found, axis=0)
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, spread, strict=True)]
        record("augmenting", {"way": name, "seeds": found}, [f"{asked.seeds} seeds", name, f"{len(its):,}", *cells])


def list_ways(one: Questions, every: Questions) -> dict[str, Questions]:
    """What each run is tuned on.

    Args:
        one: the questions of one wording.
        every: those of all wordings but the exam's.
    """

    def add(more: Questions) -> Questions:
        return Questions(one.graph, (*one, *more))

    return {
        "as they are": one,
        "said again behind empty words": add(augment(one, with_=lambda text: "As is well known, " + text)),
        "two wordings by hand": add(reword_facts(one, wordings=WORDINGS, most=2)),
        "the sample's other wordings": every,
    }


def keep(questions: Questions, choose: Callable[[kgwb.learn.Question], bool]) -> Questions:
    """The questions that are chosen."""
    return Questions(questions.graph, tuple(each for each in questions if choose(each)))


if __name__ == "__main__":
    main()
