"""Every door into BERT with its controls, on facts in the graph and on facts that only follow from it.

python tests/benchmarks/doors.py --graph archipelago --bert minilm --seeds 3
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from pathlib import Path
from typing import Any

import torch
from figures import OUT, record

import kgwb
from kgwb.learn.controls import remove_answers
from kgwb.see.probe.view import show_probe

SAMPLES = Path(__file__).parents[2] / "sample_graphs"
# The relations asked for: what stands in the graph, and what follows once its own edge has been removed, by
# born_in and located_on, or subregion and part_of. The last wording is kept for the test.
ASKED: dict[str, dict[str, Any]] = {
    "archipelago": {
        "known": ("born_in", "member_of", "speaks", "practises"),
        "derivable": ("islander_of",),
        "wording": 2,
    },
    "world": {
        "known": ("capital", "currency", "official_language"),
        "derivable": ("continent",),
        "wording": 1,
        # Most answers are the only ones of their kind, as capitals are. Those that tuning has met are asked for apart: a
        # door can bring a vector that it has not met, but nothing has taught it how that vector is spelt.
        "parted": True,
    },
}
MODES = ("entity", "relation", "graph", "tower", "memory")
# The relation door acts between two mentions that the graph links, so it is asked with the choices in the text; the
# others are asked as one asks, with all tails of the relation to choose from.
CHOICES = {"relation": 4}
CONTROLS = ("shuffled", "random", "matched", "off", "markers", "text")
QUICK = ("shuffled", "matched", "off")
SHARE, BATCH, STEPS = 0.4, 32, 150
log = logging.getLogger("bench")


def main() -> None:
    """Tune and ask every run, write the table and its picture, and a row of the README for each door."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    asked = read_arguments()
    # One thread each: batches of 32 short sentences keep no second one busy.
    torch.set_num_threads(asked.threads)
    for choices in sorted({CHOICES.get(mode, 0) for mode in asked.modes}):
        run_grid(asked, [mode for mode in asked.modes if CHOICES.get(mode, 0) == choices], choices)


def run_grid(asked: argparse.Namespace, modes: list[str], choices: int) -> None:
    """The doors that are asked in one form, beside plain BERT asked so."""
    began = time.perf_counter()
    seen, unseen, groups = ask(asked.graph, choices, quick=asked.quick)
    bert = load(asked.bert, seen)
    runs = plan(asked, bert, modes, seen, unseen, groups)
    if ASKED[asked.graph].get("parted") and not choices:
        unseen, groups = choose_answers(seen, unseen, groups, new=asked.new_answers)
    name = f"doors-{asked.graph}-{asked.bert}-{choices or 'open'}{'-new' * asked.new_answers}{'-quick' * asked.quick}"
    log.info("%d questions to tune on, %d to ask, %d runs", len(seen), len(unseen), len(runs))
    folder = (asked.folder or OUT) / name
    report = kgwb.probe(runs, unseen, seeds=asked.seeds, progress=True, folder=folder, processes=asked.processes)
    minutes = (time.perf_counter() - began) / 60
    form = f"{choices} choices in the text" if choices else "open questions"
    protocol = (
        f"{asked.graph}, {bert.name}, {asked.steps} steps of {BATCH}, {form}; entities and wording never seen in tuning"
    )
    view = show_probe(report, groups=groups, protocol=protocol)
    view.save(OUT / f"{name}.svg")
    log.info("%s\n%.1f minutes", view.frame.round(3).to_string(), minutes)
    keep(asked, view.frame, modes, list(groups), minutes)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", choices=ASKED, default="archipelago")
    parser.add_argument("--bert", choices=("minilm", "tiny"), default="minilm")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--seeds", type=int, default=0, help="0 for 3, or 1 with --quick")
    parser.add_argument("--new-answers", action="store_true", help="on world: ask for answers that tuning never met")
    parser.add_argument("--steps", type=int, default=STEPS, help="of tuning, each run")
    parser.add_argument("--quick", action="store_true", help="three controls, fewer questions")
    parser.add_argument("--folder", type=Path, default=None, help="where answers are kept; build/bench by default")
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1), help="that share the runs")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    asked = parser.parse_args()
    asked.seeds = asked.seeds or (1 if asked.quick else 3)
    return asked


def ask(
    name: str, choices: int, *, quick: bool
) -> tuple[kgwb.learn.Questions, kgwb.learn.Questions, dict[str, list[str]]]:
    """Questions to tune on, to ask about entities and in words never seen, and the relations of each group."""
    graph, wanted = kgwb.read_graph(SAMPLES / name), ASKED[name]
    groups = {"in the graph": wanted["known"], "derivable, its edges removed": wanted["derivable"]}
    sentences = kgwb.read_sentences(SAMPLES / name, graph)
    relations = [relation for asked in groups.values() for relation in asked]
    questions = kgwb.make_questions(sentences, graph, relations=relations, choices=choices)
    seen, unseen = kgwb.split_questions(questions, SHARE, wording=wanted["wording"])
    labels = graph.relation_labels
    told = {group: [labels[graph.relation_id(relation)] for relation in asked] for group, asked in groups.items()}
    return seen, unseen[::2] if quick else unseen, told


def choose_answers(
    seen: kgwb.learn.Questions, unseen: kgwb.learn.Questions, groups: dict[str, list[str]], *, new: bool
) -> tuple[kgwb.learn.Questions, dict[str, list[str]]]:
    """The questions whose answers tuning has met, or has not, and the relations that are left."""
    met = {(question.relation, question.answer) for question in seen}
    asked = kgwb.learn.Questions(
        unseen.graph, tuple(question for question in unseen if ((question.relation, question.answer) in met) != new)
    )
    left = {unseen.graph.relation_labels[question.relation] for question in asked}
    kept = {group: [label for label in labels if label in left] for group, labels in groups.items()}
    return asked, {group: labels for group, labels in kept.items() if labels}


def load(name: str, seen: kgwb.learn.Questions) -> kgwb.bert.Bert:
    """MiniLM, or a small BERT trained on no other text than what tuning may see."""
    if name == "minilm":
        return kgwb.load_bert("minilm")
    return kgwb.load_bert(
        "tiny", text=[question.text.replace("[MASK]", seen.graph.labels[question.answer]) for question in seen]
    )


def plan(
    asked: argparse.Namespace,
    bert: kgwb.bert.Bert,
    modes: list[str],
    seen: kgwb.learn.Questions,
    unseen: kgwb.learn.Questions,
    groups: dict[str, list[str]],
) -> dict[str, Any]:
    """The grid: no vectors know a derivable answer, and those called "answers removed" none that is asked for.

    Derivable answers are removed for the entities of tuning too, or the doors would learn to look them up.
    """
    graph = forget_derivable(seen, unseen, groups)
    options: dict[str, Any] = {"epochs": max(1, round(asked.steps * BATCH / len(seen))), "batch": BATCH}
    if asked.quick:
        options |= {"controls": QUICK}
    else:
        without = {"answers removed": learn(remove_answers(graph, unseen))}
        options |= {"controls": CONTROLS, "noise": (0.2, 0.5), "other_vectors": without}
    return kgwb.plan_runs(bert, learn(graph), kgwb.MaskedAnswers(seen), modes=modes, **options)


def forget_derivable(
    seen: kgwb.learn.Questions, unseen: kgwb.learn.Questions, groups: dict[str, list[str]]
) -> kgwb.KnowledgeGraph:
    """The graph without the derivable answers, of tuning and of the exam."""
    follows = {seen.graph.relation_id(label) for label in groups["derivable, its edges removed"]}
    derivable = tuple(question for question in (*seen, *unseen) if question.relation in follows)
    return remove_answers(seen.graph, kgwb.learn.Questions(seen.graph, derivable))


def learn(graph: kgwb.KnowledgeGraph) -> kgwb.GraphEmbedding:
    """ComplEx by its preset for small graphs."""
    options = kgwb.preset("complex", "small")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"))
    for _ in kgwb.train_embedding(vectors, graph, **options):
        pass
    return vectors


def keep(asked: argparse.Namespace, frame: Any, modes: list[str], groups: list[str], minutes: float) -> None:
    """All figures as JSON, and for each door a row: accuracy, gain and best control, in each group."""
    figures = {"asked": {key: str(value) for key, value in vars(asked).items()}, "minutes": minutes}
    figures["rows"] = frame.reset_index().to_dict("records")
    for door in modes:
        cells = []
        for group in groups:
            found = frame.loc[(group, door)]
            control = str(found["control"]).rpartition("/")[2]
            cells.append(
                f"{tell(found['accuracy'], found['spread'])}; {tell(found['gain'], found['gain spread'], '+')} over {control}"
            )
        cells += ["–"] * (2 - len(groups))
        setting = f"{asked.graph}, {asked.bert}, {asked.seeds} × {asked.steps} steps"
        setting += ", answers never met" * asked.new_answers + ", quick" * asked.quick
        record("doors", figures, [setting, door, *cells, f"{minutes:.1f}, {asked.processes} processes"])


def tell(mean: float, spread: float, sign: str = "") -> str:
    """Mean ± spread; one seed has no spread."""
    return f"{mean:{sign}.2f}" + (f" ± {spread:.2f}" if spread == spread else "")


if __name__ == "__main__":
    main()
