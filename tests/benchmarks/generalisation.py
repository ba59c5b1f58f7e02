"""What generalises: one exam on archipelago, asked group by group, with controls and floors.

Plain BERT tuned on the same text is the floor that reads no graph; "shuffled" is the door's twin, with the facts of others.
What each group lacks is said in `kgwb.learn.plan_generalisation`.

python tests/benchmarks/generalisation.py --mode memory --seeds 3 --threads 1        about 10 minutes on one core
"""

from __future__ import annotations

import argparse
import logging

from doors import ASKED, BATCH, SAMPLES, STEPS
from figures import OUT, record

import kgwb
from kgwb.learn import measure_generalisation, plan_generalisation

log = logging.getLogger("bench")


def main() -> None:
    """Tune, ask, and write a row for each group."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=("entity", "memory", "pointer"), default="memory")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    if asked.threads:
        import torch

        torch.set_num_threads(asked.threads)
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    graph, wanted = kgwb.read_graph(SAMPLES / "archipelago"), ASKED["archipelago"]
    exam = plan_generalisation(
        graph,
        kgwb.read_sentences(SAMPLES / "archipelago", graph),
        relations=[*wanted["known"], *wanted["derivable"]],
        derivable=wanted["derivable"],
        unseen_relations=["practises"],
        wording=wanted["wording"],
    )
    log.info("%r", exam)
    epochs = max(1, round(asked.steps * BATCH / len(exam.tuned)))
    found = measure_generalisation(
        kgwb.load_bert("minilm"), exam, modes=[asked.mode], seeds=asked.seeds, epochs=epochs, batch=BATCH
    )
    log.info("%r", found)
    OUT.mkdir(parents=True, exist_ok=True)
    kgwb.see.show_probe(found.report, groups=found.relations).save(OUT / f"generalisation-{asked.mode}.svg")
    for group, part in found.frame.groupby("group", sort=False):
        runs = part.droplevel("group")
        cells = [f"{row.accuracy:.2f} ± {row.spread:.2f}" for row in runs.itertuples()]
        floors = f"{runs['chance'].iloc[0]:.2f}; {runs['majority'].iloc[0]:.2f}"
        row = [
            f"{asked.mode}, {asked.seeds} seeds × {asked.steps} steps",
            str(group),
            f"{runs['questions'].iloc[0]}",
            floors,
        ]
        record("generalisation", {"group": group, "rows": runs.reset_index().to_dict("records")}, [*row, *cells])


if __name__ == "__main__":
    main()
