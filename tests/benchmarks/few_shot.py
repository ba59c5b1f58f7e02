"""Relations told apart by one or five examples, of which tuning met none: FewRel with MiniLM, beside what is had without it.

FewRel's 16 relations are split by each seed into 10 to tune on and 6 that tuning never meets; every episode asks about 5 of
these 6 (of 6, so that all are asked about and none has to be). Rows: prototypes of TF-IDF, prototypes of MiniLM as it is (the
mean of the sentence; and head, tail and mean side by side, which is the bar), the same after plain tuning on the 10 relations'
classes (the control of what learns from episodes), after tuning on their episodes as prototypical networks, MAML and Reptile,
and after prototypical networks on shuffled labels. All tuned rows read about as many texts, MAML's and Reptile's inner steps
apart.

With --validate, 5 of the 10 relations are tuned on and 5 measured, the 6 stay unread, and nothing is written down: so options
are chosen.

python tests/benchmarks/few_shot.py              about an hour and a half of one core
python tests/benchmarks/few_shot.py --quick      about 10 minutes
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from figures import begin, record
from text_tasks import place_mentions

import kgwb
from kgwb.bert import Bert
from kgwb.embed.precision import choose_precision
from kgwb.learn import (
    Episodes,
    EpisodeScore,
    FrameTask,
    Meta,
    Partial,
    Policy,
    RelationClasses,
    TextClasses,
    score_episodes,
)
from kgwb.learn.measures.episode_scores import answer_by_states, summarise_episodes

SHOTS = (1, 5)
BAR, CONTROL = "MiniLM, head, tail and mean", "plain tuning"
log = logging.getLogger("bench")


@dataclass(frozen=True)
class Tuning:
    """One way of tuning.

    Attributes:
        policy: that learns.
        top_layers: how many of MiniLM's six layers learn, and adapt.
        on: "episodes" of the relations, or their "classes".
        shuffled: whether the rows' relations are shuffled first.
        adapt_steps: of gradient descent before the queries are answered, measured beside the bare prototypes.
    """

    policy: Policy
    top_layers: int = 6
    on: str = "episodes"
    shuffled: bool = False
    adapt_steps: int = 0


def main() -> None:
    """Measure every row over the seeds, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", help="some of the ways to tune; all by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--tested", type=int, default=6, help="relations that tuning never meets")
    parser.add_argument("--ways", type=int, default=5)
    parser.add_argument("--tuned-episodes", type=int, default=100)
    parser.add_argument("--episodes", type=int, default=500, help="measured, of each number of shots")
    parser.add_argument("--adapted-episodes", type=int, default=100, help="of these, measured after adapting")
    parser.add_argument("--rows", type=int, default=200, help="sentences of each relation that is measured")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--inner-steps", type=int, default=3)
    parser.add_argument("--inner-rate", type=float, default=0.01)
    parser.add_argument("--scale", type=float, default=5.0)
    parser.add_argument("--batch", type=int, default=2, help="episodes in a step")
    parser.add_argument("--quick", action="store_true", help="one seed, a fifth of the episodes to tune on")
    parser.add_argument("--validate", action="store_true", help="on relations of the 10, with nothing written down")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.tuned_episodes = asked.seeds[:1], asked.tuned_episodes // 5
    data = begin("fewrel", threads=asked.threads)
    if data is None:
        return
    frame = read_fewrel(data / "fewrel")
    found: dict[str, list[list[float]]] = {}
    for seed in asked.seeds:
        for name, scores in measure_seed(frame, seed, asked):
            found.setdefault(name, []).append([score.accuracy for score in scores])
            log.info("seed %d, %s: %s", seed, name, "; ".join(map(repr, scores)))
    for row in write_rows({name: np.array(values) for name, values in found.items()}):
        log.info("%s", " | ".join(row))
        if not asked.validate:
            options = {name: value for name, value in vars(asked).items() if not isinstance(value, Path)}
            record("few-shot", {"options": options, "values": found, "row": row}, [describe(asked), *row])


def read_fewrel(folder: Path) -> pd.DataFrame:
    """A sentence in each row, with head and tail in characters and its relation."""
    stated = json.loads((folder / "val_wiki.json").read_text(encoding="utf-8"))
    return pd.DataFrame([place_mentions(each) | {"label": name} for name, some in stated.items() for each in some])


def split_relations(frame: pd.DataFrame, seed: int, asked: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sentences to tune on, and some sentences of other relations; no text is in both."""
    names = np.random.default_rng(seed).permutation(sorted(frame["label"].unique())).tolist()
    tested, tuned = names[: asked.tested], names[asked.tested :]
    if asked.validate:
        tested, tuned = tuned[: len(tuned) // 2], tuned[len(tuned) // 2 :]
    few = frame[frame["label"].isin(tested)].groupby("label").sample(asked.rows, random_state=seed)
    return frame[frame["label"].isin(tuned) & ~frame["text"].isin(few["text"])], few


def list_tunings(asked: argparse.Namespace) -> dict[str, Tuning]:
    """Every way of tuning by its name, the control first."""
    meta = {"inner_steps": asked.inner_steps, "inner_rate": asked.inner_rate, "parts": ("top",)}
    layers, steps = Partial(("top",)), asked.inner_steps
    return {
        CONTROL: Tuning(layers, on="classes", adapt_steps=steps),
        "prototypical, two layers": Tuning(layers, top_layers=2),
        "prototypical": Tuning(layers),
        "prototypical, labels shuffled": Tuning(layers, shuffled=True),
        "MAML": Tuning(Meta("maml", **meta), adapt_steps=steps),
        "Reptile": Tuning(Meta("reptile", **meta), adapt_steps=steps),
    }


def measure_seed(frame: pd.DataFrame, seed: int, asked: argparse.Namespace) -> Iterator[tuple[str, list[EpisodeScore]]]:
    """The scores by 1 shot and by 5 of every row."""
    seen, unseen = split_relations(frame, seed, asked)
    plain = kgwb.load_bert("minilm")
    yield "TF-IDF", [score_words(plain, seen, draw(TextClasses(unseen), shots, seed, asked)) for shots in SHOTS]
    yield "MiniLM, mean", score(plain, TextClasses(unseen), seed, asked)
    yield BAR, score(plain, RelationClasses(unseen), seed, asked)
    for name, tuning in list_tunings(asked).items():
        if asked.runs and name not in asked.runs:
            continue
        model = tune_model(tuning, seen, seed, asked)
        yield name, score(model, RelationClasses(unseen), seed, asked)
        if tuning.adapt_steps:
            yield f"{name}, adapted", score(model, RelationClasses(unseen), seed, asked, tuning)


def draw(task: FrameTask, shots: int, seed: int, asked: argparse.Namespace, count: int | None = None) -> Episodes:
    """The episodes that are measured, the same for every row of a seed."""
    return Episodes(task, asked.ways, shots=shots, queries=5, count=count or asked.episodes, seed=1000 + seed)


def score(
    model: Bert, task: FrameTask, seed: int, asked: argparse.Namespace, adapted: Tuning | None = None
) -> list[EpisodeScore]:
    """By 1 shot and by 5, of the prototypes or after adapting as the tuning did."""
    count = asked.episodes if adapted is None else min(asked.episodes, asked.adapted_episodes)
    low = choose_precision("auto", model.device, work=64 * model.model.num_parameters())
    options: dict[str, Any] = {}
    if adapted is not None:
        options = {"adapt_steps": adapted.adapt_steps, "adapt_rate": asked.inner_rate}
        options |= {"parts": adapted.policy.list_parts(), "top_layers": adapted.top_layers}
    with torch.autocast(model.device.type, low, enabled=low != torch.float32):
        return [score_episodes(model, draw(task, shots, seed, asked, count), **options) for shots in SHOTS]


def score_words(bert: Bert, seen: pd.DataFrame, episodes: Episodes) -> EpisodeScore:
    """Prototypes of TF-IDF, with the words' weights from the sentences to tune on; BERT only numbers the episodes."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(sublinear_tf=True, max_features=20_000).fit(seen["text"])
    states = torch.from_numpy(words.transform(episodes.task.frame["text"]).toarray()).float()
    drawn = episodes.prepare(bert)
    rows = torch.cat([drawn.supports, drawn.queries], dim=2)
    return summarise_episodes(drawn, answer_by_states(states, rows, shots=episodes.shots))


def tune_model(tuning: Tuning, seen: pd.DataFrame, seed: int, asked: argparse.Namespace) -> Bert:
    """MiniLM tuned so."""
    model = kgwb.load_bert("minilm")
    if tuning.shuffled:
        seen = seen.assign(label=np.random.default_rng(seed).permutation(seen["label"]))
    options = {"learning_rate": asked.learning_rate, "top_layers": tuning.top_layers, "seed": seed}
    task: kgwb.learn.Task
    if tuning.on == "classes":
        texts = asked.tuned_episodes * 5 * (1 + 5)
        task = RelationClasses(seen.sample(min(texts, len(seen)), random_state=seed))
        epochs, batch = max(1, round(texts / len(seen))), 32
    else:
        task = Episodes(
            RelationClasses(seen), 5, shots=1, queries=5, count=asked.tuned_episodes, scale=asked.scale, seed=seed
        )
        epochs, batch = 1, asked.batch
    began = time.process_time()
    for step in kgwb.tune(model, task, policy=tuning.policy, epochs=epochs, batch=batch, **options):
        if step.number % 25 == 0:
            log.info("step %d of %d, loss %.3f", step.number, step.total, step.loss)
    log.info("tuned for %.0f processor seconds", time.process_time() - began)
    return model


def write_rows(found: dict[str, np.ndarray]) -> Iterator[list[str]]:
    """Of each row 1 shot and 5, mean and spread over seeds, and the gain over the bar and over plain tuning, seed by seed."""
    for name, values in found.items():  # [seed, shots]
        cells = [spell(values[:, i]) for i in range(len(SHOTS))]
        for other in (BAR, CONTROL):
            gains = values - found[other] if other in found and other != name else None
            cells.append("" if gains is None else " / ".join(spell(gains[:, i], "+.3f") for i in range(len(SHOTS))))
        yield [name, *cells]


def spell(values: np.ndarray, form: str = ".3f") -> str:
    """Mean and, of several seeds, standard deviation."""
    return f"{values.mean():{form}}" + (f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else "")


def describe(asked: argparse.Namespace) -> str:
    """What was asked for, in a cell."""
    return (
        f"{16 - asked.tested} + {asked.tested} relations, {asked.ways}-way, {asked.tuned_episodes} episodes to tune on, "
        f"{asked.episodes} measured, {min(asked.episodes, asked.adapted_episodes)} after adapting, "
        f"seeds {', '.join(map(str, asked.seeds))}"
    )


if __name__ == "__main__":
    main()
