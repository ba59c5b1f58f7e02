"""What noise on the words costs a tuned model, and what tuning under an adversary saves.

Banking77, 10 texts of each class: tuned plainly, under drawn noise (the control), by FGM and by PGD. Then noise of a stated
size on the words of the test texts: drawn, and found by projected gradient ascent against the model itself. Sizes are shares
of a word vector's mean length, chosen on training texts: found noise of 0.15 leaves a plain model nothing. The bar: of what
found noise takes from the plain model, the adversary's loses at most half.

python tests/benchmarks/adversary.py --seeds 3 --threads 1        about 50 minutes on one core
"""

from __future__ import annotations

import argparse
import copy
import logging
import time

import pandas as pd
from figures import begin, record

import kgwb
from kgwb.learn import Adversarial, Policy, TextClasses, measure_robustness

ALL = "all layers"
log = logging.getLogger("bench")


def main() -> None:
    """Tune in each way, over seeds, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tuned-size", type=float, default=0.15, help="of the noise in tuning")
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.05])
    parser.add_argument("--texts", type=int, default=770, help="of the test set")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--all-layers", action="store_true", help="only the two that tune all layers")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("banking77", threads=asked.threads)
    if data is None:
        return
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    train, test = (pd.read_csv(data / "banking77" / f"{name}.csv") for name in ("train", "test"))
    lost: dict[tuple[str, float], list[float]] = {}
    ways = list_policies(asked.tuned_size)
    for name, policy in ways.items() if not asked.all_layers else [each for each in ways.items() if ALL in each[0]]:
        found = []
        for seed in range(asked.seeds):
            few = train.groupby("category").sample(10, random_state=seed)
            texts = test.sample(asked.texts, random_state=seed)
            table, minutes = measure_policy(policy, few, texts, asked, seed)
            log.info("%s, seed %d, %.1f minutes\n%s", name, seed, minutes, table.round(3).to_string())
            found.append(table.assign(seed=seed, minutes=minutes))
        figures = pd.concat(found)
        cells = [tell(figures, 0.0, "none"), *(tell(figures, size, "drawn") for size in asked.sizes)]
        for size in asked.sizes:
            losses = lose(figures, size)
            lost[name, size] = losses
            plain = f"plain, {ALL}" if ALL in name else "plain"
            share = "" if name == plain else f"; loses {sum(losses) / sum(lost[plain, size]):.0%} of what {plain} loses"
            cells.append(tell(figures, size, "found") + share)
        row = [f"{asked.seeds} × {asked.texts}", name, f"{figures['minutes'].mean():.1f}", *cells]
        record("adversary", {"asked": vars(asked), "policy": name, "rows": figures.to_dict("records")}, row)


def list_policies(size: float) -> dict[str, str | Policy]:
    """Ways of tuning, the plain one first."""
    return {
        "plain": "partial",
        f"drawn noise of {size:g}": Adversarial(size=size, steps=0),
        f"FGM, {size:g}": Adversarial(size=size),
        f"PGD, 3 steps, {size:g}": Adversarial(size=size, steps=3),
        f"plain, {ALL}": "full",
        f"PGD, 3 steps, {size:g}, {ALL}, w = 1": Adversarial(size=size, steps=3, weight=1.0, parts=("all",)),
    }


def measure_policy(
    policy: str | Policy, few: pd.DataFrame, texts: pd.DataFrame, asked: argparse.Namespace, seed: int
) -> tuple[pd.DataFrame, float]:
    """Accuracy under each kind and size of noise, and the minutes that tuning took."""
    model = copy.deepcopy(kgwb.load_bert("minilm"))
    task = TextClasses(few, "text", "category")
    began = time.perf_counter()
    options = {"epochs": asked.epochs, "learning_rate": 2e-4, "precision": "float32"}
    for _ in kgwb.tune(model, task, policy=policy, seed=seed, **options):
        pass
    minutes = (time.perf_counter() - began) / 60
    exam = TextClasses(texts, "text", "category", labels=model.heads["text_classes"].labels)
    return measure_robustness(model, exam, sizes=asked.sizes, seed=seed), minutes


def lose(figures: pd.DataFrame, size: float) -> list[float]:
    """What found noise takes from the accuracy, for each seed."""
    by = figures.set_index(["seed", "size", "noise"])["accuracy"]
    return [by[seed, 0.0, "none"] - by[seed, size, "found"] for seed in figures["seed"].unique()]


def tell(figures: pd.DataFrame, size: float, noise: str) -> str:
    """Mean accuracy and its standard deviation over seeds."""
    chosen = figures[(figures["size"] == size) & (figures["noise"] == noise)]["accuracy"]
    return f"{chosen.mean():.3f} ± {chosen.std(ddof=0):.3f}"


if __name__ == "__main__":
    main()
