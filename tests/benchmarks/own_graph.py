"""A newcomer's own graph: the README's lines for a CSV, as they stand, beside plain BERT and the door's twins.

python tests/benchmarks/own_graph.py --seeds 3
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import time
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from figures import record

import kgwb
from kgwb.learn.answering.asking import SILENT

ROOT = Path(__file__).parents[2]
INJECT = 'kgwb.inject(kgwb.load_bert("minilm"), vectors, mode="pointer")'
# What the lines leave to their defaults: the seed, and whose knowledge the door is given.
SEEDED = {
    "split_questions(questions)": "split_questions(questions, seed=seed)",
    "epochs=30)": "epochs=30, seed=seed)",
}
STARTS = {
    "plain": 'kgwb.load_bert("minilm")',
    "pointer": f"{INJECT[:-1]}, seed=seed)",
    "pointer/shuffled": f'{INJECT[:-1]}, seed=seed, control="shuffled")',
    "pointer/dealt": f'{INJECT[:-1]}, seed=seed, control="dealt")',
}
log = logging.getLogger("bench")


def main() -> None:
    """Run the lines with each seed for the door and its twins, and write a row for each of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if asked.threads:
        torch.set_num_threads(asked.threads)
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    os.chdir(ROOT)  # the lines name the file from here
    rows = pd.DataFrame([measure(name, seed) for name in STARTS for seed in range(asked.seeds)])
    log.info("%s", rows.round(3).to_string())
    for name, its in rows.groupby("run", sort=False):
        cells = [tell(its[column]) for column in ("accuracy", "as typed", "refused")]
        took = f"{its['seconds'].mean():.0f} s"
        figures = {"run": name, "rows": its.drop(columns="run").to_dict("records")}
        record("own-graph", figures, [f"{name}, {asked.seeds} seeds", *cells, took])


def measure(name: str, seed: int) -> dict[str, Any]:
    """What one run of the lines gives, and how long they take, the loading of BERT included."""
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    if name == "plain":  # it has no facts to answer from: the last line is for doors
        code = "\n".join(line for line in code.splitlines() if not line.startswith("kgwb.answer("))
    for line, seeded in {INJECT: STARTS[name], **SEEDED}.items():
        if line not in code:
            raise ValueError(f"README.md no longer holds {line!r}. Expected the lines that this script measures.")
        code = code.replace(line, seeded)
    here: dict[str, Any] = {"seed": seed}
    began = time.perf_counter()
    exec(compile(code, "README.md", "exec"), here)
    seconds = time.perf_counter() - began
    [accuracy] = here["report"].frame["accuracy"]
    row = {"run": name, "seed": seed, "questions": len(here["unseen"]), "accuracy": accuracy, "seconds": seconds}
    log.info("%s, seed %d: %.2f in %.0f s", name, seed, accuracy, seconds)
    return row if name == "plain" else row | ask_as_typed(here["model"], here["unseen"], withhold=name == "pointer")


def ask_as_typed(model: kgwb.bert.Bert, unseen: kgwb.learn.Questions, *, withhold: bool) -> dict[str, float]:
    """The share answered right through `kgwb.answer`, and refused where the facts are withheld; twins do not hold them."""
    graph, right, refused = unseen.graph, [], []
    for question in unseen:
        text = f"{graph.labels[question.head]} {graph.relation_labels[question.relation]} [MASK]."
        tails = {
            tail
            for head, relation, tail in graph.triples.tolist()
            if (head, relation) == (question.head, question.relation)
        }
        right.append(kgwb.answer(model, text)["answer"][0] in {graph.labels[tail] for tail in tails})
        if withhold:
            with model.injector.without_facts([(question.head, question.relation, tail) for tail in tails]):
                refused.append(kgwb.answer(model, text)["answer"][0] == SILENT)
    return {"as typed": sum(right) / len(right), "refused": sum(refused) / len(refused) if refused else nan}


def tell(figures: pd.Series) -> str:
    """Mean and standard deviation over seeds."""
    return "–" if figures.isna().all() else f"{figures.mean():.2f} ± {figures.std():.2f}"


if __name__ == "__main__":
    main()
