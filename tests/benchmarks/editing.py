"""Fifty facts edited in each door that looks facts up: do their answers follow, and do all others stay?

python tests/benchmarks/editing.py
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch
from figures import record

import kgwb

ARCHIPELAGO = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
# None of them follows from another, so that an edit has no consequences but its own.
RELATIONS = ("born_in", "member_of", "speaks", "practises")
log = logging.getLogger("bench")


def main() -> None:
    """Tune each door on some people, then edit facts of others, over seeds."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", nargs="+", default=["memory", "graph"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400, help="of tuning, 32 questions each")
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    graph = kgwb.read_graph(ARCHIPELAGO)
    questions = kgwb.make_questions(kgwb.read_sentences(ARCHIPELAGO, graph), graph, relations=RELATIONS)
    seen, unseen = kgwb.split_questions(questions)
    vectors = learn(graph)
    bert = kgwb.load_bert("minilm")
    for mode in asked.modes:
        found = []
        for seed in range(asked.seeds):
            model = kgwb.inject(bert, vectors, mode=mode, seed=seed)
            epochs = max(1, round(asked.steps * 32 / len(seen)))
            for _ in kgwb.tune(model, kgwb.MaskedAnswers(seen), epochs=epochs, seed=seed):
                pass
            edits = kgwb.learn.measure_edits(model, unseen, edits=asked.edits, seed=seed)
            right = kgwb.learn.answer_questions(model, unseen)["correct"].mean()
            log.info("%s, seed %d: %.3f right; %r", mode, seed, right, edits)
            found.append([right, edits.efficacy, edits.generality, edits.locality])
        table = torch.tensor(found, dtype=torch.float64)
        cells = [f"{mean:.3f} ± {spread:.3f}" for mean, spread in zip(table.mean(0), table.std(0), strict=True)]
        record("editing", {"mode": mode, "edits": asked.edits, "values": found}, [mode, *cells])


def learn(graph: kgwb.KnowledgeGraph) -> kgwb.GraphEmbedding:
    """ComplEx by its preset for small graphs."""
    options = kgwb.preset("complex", "small")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"))
    for _ in kgwb.train_embedding(vectors, graph, **options):
        pass
    return vectors


if __name__ == "__main__":
    main()
