"""Is a model right as often as it says? One model, with a temperature, several together, and both.

Two parts: the entity door on the archipelago, asked about people whom tuning never met, and Banking77 with ten examples of each
intent. Several models differ in the seed of tuning alone. The temperature is fitted to questions that neither tuning nor the
test holds: half of the people held out, and training texts that are left over. Figures of one model are means over those that
answer together.

python tests/benchmarks/calibration.py --parts archipelago banking77      about 60 minutes on one core
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from figures import begin, record

import kgwb
from kgwb.learn import (
    CandidateScores,
    Questions,
    TextClasses,
    average_scores,
    fit_temperature,
    measure_calibration,
    score_candidates,
    score_labels,
)

ARCHIPELAGO = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
RELATIONS = ("born_in", "member_of", "speaks", "practises")
BATCH = 32
FIGURES = ("accuracy", "ece", "floor", "adaptive_ece", "nll", "brier")
log = logging.getLogger("bench")
Scored = tuple[CandidateScores, CandidateScores]  # of one model: questions to fit to, and the test


def main() -> None:
    """Every part and draw, then a row for each way of answering."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--draws", type=int, default=3, help="of people held out, or of examples")
    parser.add_argument("--models", type=int, default=3, help="that answer together, in each draw")
    parser.add_argument("--steps", type=int, default=400, help="of tuning on the archipelago, 32 questions each")
    parser.add_argument("--epochs", type=int, default=3, help="of tuning on Banking77")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    parser.add_argument("--trial", action="store_true", help="write nothing down")
    asked = parser.parse_args()
    data = begin("banking77", threads=asked.threads)
    logging.getLogger("kgwb").setLevel(logging.ERROR)
    for part in asked.parts:
        if part == "banking77" and data is None:
            continue
        began, found = time.perf_counter(), []
        for draw in range(asked.draws):
            found.append(compare(list(PARTS[part](draw, asked, data))))
            log.info("%s, draw %d, %.0f s\n%s", part, draw, time.perf_counter() - began, found[-1].round(3).to_string())
        keep(part, asked, found, (time.perf_counter() - began) / 60)


def ask_archipelago(draw: int, asked: argparse.Namespace, data: Path | None) -> Iterator[Scored]:
    """The entity door, tuned with each seed."""
    graph = kgwb.read_graph(ARCHIPELAGO)
    questions = kgwb.make_questions(kgwb.read_sentences(ARCHIPELAGO, graph), graph, relations=RELATIONS)
    seen, unseen = kgwb.split_questions(questions, 0.4, seed=draw)
    parts = halve(unseen)
    options = kgwb.preset("complex", "small")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"), seed=draw)
    for _ in kgwb.train_embedding(vectors, graph, **options, seed=draw):
        pass
    for number in range(asked.models):
        seed = asked.models * draw + number
        model = kgwb.inject(kgwb.load_bert("minilm"), vectors, mode="entity", seed=seed)
        epochs = max(1, round(asked.steps * BATCH / len(seen)))
        for _ in kgwb.tune(model, kgwb.MaskedAnswers(seen), epochs=epochs, batch=BATCH, seed=seed):
            pass
        one, other = (score_candidates(model, part) for part in parts)
        yield one, other


def halve(questions: Questions) -> tuple[Questions, Questions]:
    """The questions about every second head, and those about the others."""
    heads = sorted({question.head for question in questions})[::2]
    one, other = (
        replace(questions, items=tuple(q for q in questions if (q.head in heads) == first)) for first in (True, False)
    )
    return one, other


def ask_banking(draw: int, asked: argparse.Namespace, data: Path | None) -> Iterator[Scored]:
    """Banking77 with ten examples of each intent, tuned with each seed."""
    assert data is not None
    train, test = (pd.read_csv(data / "banking77" / f"{name}.csv") for name in ("train", "test"))
    few = train.groupby("category").sample(10, random_state=draw)
    left = train.drop(few.index).sample(1000, random_state=draw)
    for number in range(asked.models):
        bert, task = kgwb.load_bert("minilm"), TextClasses(few, "text", "category")
        options = {"epochs": asked.epochs, "learning_rate": 2e-4, "seed": asked.models * draw + number}
        for _ in kgwb.tune(bert, task, top_layers=bert.layers, **options):
            pass
        task.fit_head(bert)
        yield score_labels(bert, left), score_labels(bert, test)


def compare(several: Sequence[Scored]) -> pd.DataFrame:
    """Each way of answering: its figures on the test, and the temperature."""
    together = tuple(average_scores(part) for part in zip(*several, strict=True))
    fits = [fit_temperature(valid) for valid, _ in several]
    fit = fit_temperature(together[0])
    cooled = average_scores([test.soften(each) for (_, test), each in zip(several, fits, strict=True)])
    one, one_fitted = [test for _, test in several], [t.soften(f) for (_, t), f in zip(several, fits, strict=True)]
    ways = {
        "one": (one, 1.0),
        "one, temperature": (one_fitted, statistics.mean(fits)),
        "together": ([together[1]], 1.0),
        "together, then temperature": ([together[1].soften(fit)], fit),
        "temperature, then together": ([cooled], statistics.mean(fits)),
    }
    rows = {
        name: pd.DataFrame([measure_calibration(each).summary for each in scores]).mean()[list(FIGURES)]
        for name, (scores, _) in ways.items()
    }
    return pd.DataFrame(rows).T.assign(temperature=[temperature for _, temperature in ways.values()])


def keep(part: str, asked: argparse.Namespace, found: Sequence[pd.DataFrame], minutes: float) -> None:
    """A row for each way of answering: mean and spread over draws."""
    for way in found[0].index:
        cells = [tell([float(table.loc[way, name]) for table in found]) for name in (*FIGURES, "temperature")]
        row = [f"{part}, {asked.draws} × {asked.models} models", way, *cells, f"{minutes:.0f}"]
        log.info("%s", " | ".join(row))
        if not asked.trial:
            figures = [table.reset_index().to_dict("records") for table in found]
            record("calibration", {"asked": vars(asked), "part": part, "way": way, "figures": figures}, row)


def tell(values: list[float]) -> str:
    """Mean and spread over draws."""
    return f"{statistics.mean(values):.3f}" + (f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else "")


PARTS: dict[str, Callable[[int, argparse.Namespace, Path | None], Iterator[Scored]]] = {
    "archipelago": ask_archipelago,
    "banking77": ask_banking,
}

if __name__ == "__main__":
    main()
