"""Every door into BERT with its controls, on facts in the graph and on facts that only follow from it.

python tests/benchmarks/doors.py --graph archipelago --bert minilm --seeds 3
"""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path
from typing import Any

import torch
from figures import OUT, record

import kgwb
from kgwb.see.probe_picture import show_probe
from kgwb.tune.controls import remove_answers

SAMPLES = Path(__file__).parents[2] / "sample_graphs"
# The relations asked for: what stands in the graph, and what follows once its own edge has been removed, by
# born_in and located_on, or subregion and part_of. The last wording is kept for the test.
ASKED: dict[str, dict[str, Any]] = {
    "archipelago": {
        "known": ("born_in", "member_of", "speaks", "practises"),
        "derivable": ("islander_of",),
        "wording": 2,
    },
    "world": {"known": ("capital", "currency", "official_language"), "derivable": ("continent",), "wording": 1},
}
MODES = ("entity", "relation", "graph", "tower", "memory")
CONTROLS = ("shuffled", "random", "matched", "off", "markers", "text")
QUICK = ("shuffled", "matched", "off")
DOORS: dict[str, dict[str, Any]] = {}
CHOICES, SHARE, BATCH, STEPS = 4, 0.4, 32, 100
log = logging.getLogger("bench")


def main() -> None:
    """Tune and ask every run, write the table and its picture, and a row of the README for each door."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    asked = read_arguments()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    began = time.perf_counter()
    seen, unseen, derivable = ask(asked.graph, quick=asked.quick)
    bert = kgwb.load_bert(asked.bert)
    runs = plan(asked, bert, seen, unseen, derivable)
    name = f"doors-{asked.graph}-{asked.bert}" + ("-quick" if asked.quick else "")
    log.info("%d questions to tune on, %d to ask, %d runs", len(seen), len(unseen), len(runs))
    table = kgwb.probe(runs, unseen, seeds=asked.seeds, progress=True, folder=asked.folder or OUT / name)
    minutes = (time.perf_counter() - began) / 60
    labels = unseen.graph.relation_labels
    groups = {
        "in the graph": sorted({labels[q.relation] for q in unseen} - {labels[q.relation] for q in derivable}),
        "derivable, its edge removed": sorted({labels[q.relation] for q in derivable}),
    }
    protocol = (
        f"{asked.graph}, {bert.name}, {asked.steps} steps of {BATCH}, {CHOICES} choices; entities and wording never seen in "
        "tuning"
    )
    view = show_probe(table, groups=groups, protocol=protocol)
    view.save(OUT / f"{name}.svg")
    log.info("%s\n%.1f minutes", view.frame.round(3).to_string(), minutes)
    keep(asked, view.frame, list(groups), minutes)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", choices=ASKED, default="archipelago")
    parser.add_argument("--bert", choices=("minilm", "tiny"), default="minilm")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--seeds", type=int, default=0, help="0 for 3, or 1 with --quick")
    parser.add_argument("--steps", type=int, default=STEPS, help="of tuning, each run")
    parser.add_argument("--quick", action="store_true", help="three controls, fewer questions")
    parser.add_argument("--folder", type=Path, default=None, help="where answers are kept; build/bench by default")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    asked.seeds = asked.seeds or (1 if asked.quick else 3)
    return asked


def ask(name: str, *, quick: bool) -> tuple[kgwb.Questions, kgwb.Questions, kgwb.Questions]:
    """Questions to tune on, to ask about entities and in words never seen, and those of them that must be derived."""
    graph, wanted = kgwb.read_graph(SAMPLES / name), ASKED[name]
    relations = [*wanted["known"], *wanted["derivable"]]
    sentences = kgwb.read_sentences(SAMPLES / name, graph)
    questions = kgwb.ask_questions(sentences, graph, relations=relations, choices=CHOICES)
    seen, unseen = kgwb.hold_out(questions, SHARE, wording=wanted["wording"])
    unseen = unseen[::2] if quick else unseen
    follows = {graph.relation_id(relation) for relation in wanted["derivable"]}
    derivable = tuple(question for question in unseen if question.relation in follows)
    return seen, unseen, kgwb.Questions(graph, derivable)


def plan(
    asked: argparse.Namespace, bert: kgwb.Bert, seen: kgwb.Questions, unseen: kgwb.Questions, derivable: kgwb.Questions
) -> dict[str, Any]:
    """The grid: vectors know neither derivable answer, and those called "answers removed" none that is asked for."""
    graph = remove_answers(seen.graph, derivable)
    options: dict[str, Any] = {"epochs": max(1, round(asked.steps * BATCH / len(seen))), "batch": BATCH}
    if asked.quick:
        options |= {"controls": QUICK}
    else:
        without = {"answers removed": learn(remove_answers(graph, unseen))}
        options |= {"controls": CONTROLS, "noise": (0.2, 0.5), "other_vectors": without}
    doors = {mode: DOORS[mode] for mode in asked.modes if mode in DOORS}
    return kgwb.plan_runs(bert, learn(graph), kgwb.MaskedAnswers(seen), modes=asked.modes, doors=doors, **options)


def learn(graph: kgwb.KnowledgeGraph) -> kgwb.GraphEmbedding:
    """ComplEx by its preset for small graphs."""
    options = kgwb.preset("complex", "small")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"))
    for _ in kgwb.train_embedding(vectors, graph, **options):
        pass
    return vectors


def keep(asked: argparse.Namespace, frame: Any, groups: list[str], minutes: float) -> None:
    """All figures as JSON, and for each door a row: accuracy, gain and best control, in each group."""
    figures = {"asked": {key: str(value) for key, value in vars(asked).items()}, "minutes": minutes}
    figures["rows"] = frame.reset_index().to_dict("records")
    for door in asked.modes:
        cells = []
        for group in groups:
            found = frame.loc[(group, door)]
            cells.append(
                f"{found['accuracy']:.2f} ± {found['spread']:.2f}; {found['gain']:+.2f} ± {found['gain spread']:.2f} over "
                f"{str(found['control']).rpartition('/')[2]}"
            )
        setting = f"{asked.graph}, {asked.bert}, {asked.seeds} × {asked.steps} steps" + (
            ", quick" if asked.quick else ""
        )
        record("doors", figures, [setting, door, *cells, f"{minutes:.0f}"])


if __name__ == "__main__":
    main()
