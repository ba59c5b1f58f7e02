"""Answers that tuning never met, in Chinese: a BERT of characters that read the market's sentences, but for what is asked.

As `never_met.py`, on finance_zh: 40 % of the heads and 40 % of the answers are held out, every entity is a candidate, tuning
has seen one wording of each relation. The BERT is trained here on the graph's own Chinese sentences without those that state
any fact of the asked relations that tuning does not state itself. Beside each door the same door shuffled, plain, the commonest
answer of tuning, and TF-IDF of characters with a linear support vector machine; the two last can only give answers that
tuning met, so that they are 0 by the rules.

python tests/benchmarks/never_met_chinese.py --threads 1        about 2 minutes for each seed on one core
"""

from __future__ import annotations

import argparse
import copy
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch
from figures import record
from never_met import ASKED_AT_MOST, SAMPLES, SHARE, TUNED_ON, keep, learn, refuse, share, tell, tune

import kgwb
from kgwb.bert import Bert, teach_wordings
from kgwb.bert.tiny import train_tiny
from kgwb.graph import Sentence
from kgwb.learn import Questions

ASKED = ("based_in", "in_industry", "managed_by", "rated")
DOORS = ("pointer", "memory", "entity")
log = logging.getLogger("bench")


def main() -> None:
    """Measure each seed, and write a row of means and spreads."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--doors", nargs="+", choices=DOORS, default=list(DOORS))
    parser.add_argument("--steps", type=int, default=300, help="of training the BERT, 64 sentences each")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    began, table = time.process_time(), {}
    for seed in asked.seeds:
        for name, value in measure(seed, asked):
            table.setdefault(name, []).append(value)
            log.info("seed %d, %4.0f s of processor: %-44s %.3f", seed, time.process_time() - began, name, value)
    for name, values in table.items():
        log.info("%-48s %s", name, tell(values))
    row = [f"{len(asked.seeds)} seeds", *(tell(values) for values in table.values())]
    minutes = (time.process_time() - began) / 60
    if len(asked.doors) == len(DOORS):  # a row has a cell for each
        record("never_met_chinese", {"figures": table, "minutes": minutes}, [*row, f"{minutes:.0f}"])


def measure(seed: int, asked: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """Every figure of one seed."""
    graph = kgwb.read_graph(SAMPLES / "finance_zh")
    told = kgwb.read_sentences(SAMPLES / "finance_zh", graph)
    questions = kgwb.make_questions(told, graph, relations=ASKED, candidates="all")
    may_see, unmet = kgwb.split_questions(questions, SHARE, by=("head", "answer"), seed=seed)
    seen = keep(may_see, lambda question: question.wording == 0, TUNED_ON, seed)
    tuned = keep(unmet, lambda question: question.wording == 0, ASKED_AT_MOST, seed)
    other = keep(unmet, lambda question: question.wording != 0, ASKED_AT_MOST, seed)
    bert = read_the_rest(graph, told, seen, seed, asked)
    # A pointer reads facts, not vectors.
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx()) if asked.doors == ["pointer"] else learn(graph, seed)
    plain = tune(bert, seen, seed)
    yield "questions", len(tuned)
    for door in asked.doors:
        model = tune(kgwb.inject(bert, vectors, mode=door, seed=seed), seen, seed)
        yield f"{door}: tuned wording", share(model, tuned)
        yield f"{door}: unseen wording", share(model, other)
        if door == "pointer":
            yield from ((f"pointer {name}", value) for name, value in refuse(model, tuned, np.random.default_rng(seed)))
            yield "pointer: unseen wording, ten sentences of each", share(teach(model, told, seen, other), other)
        twin = tune(kgwb.inject(bert, vectors, mode=door, control="shuffled", seed=seed), seen, seed)
        yield f"{door}/shuffled: tuned wording", share(twin, tuned)
    yield "plain: tuned wording", share(plain, tuned)
    common = {
        relation: Counter(q.answer for q in seen if q.relation == relation) for relation in {q.relation for q in seen}
    }
    yield "commonest", float(np.mean([common[q.relation].most_common(1)[0][0] == q.answer for q in tuned]))
    yield "TF-IDF", score_tfidf(seen, tuned)


def read_the_rest(
    graph: kgwb.KnowledgeGraph, told: list[Sentence], seen: Questions, seed: int, asked: argparse.Namespace
) -> Bert:
    """A BERT of characters that has read every sentence but those of facts that tuning does not state."""
    wanted = {graph.relation_id(name) for name in ASKED}
    stated = {(q.head, q.relation, q.answer) for q in seen}
    texts = [s for s in told if s.triple is None or s.triple[1] not in wanted or tuple(s.triple) in stated]
    # All names, of which it would not know the characters otherwise, one a line: they say no fact.
    names = [Sentence(f"{label}。", language="zh") for label in graph.labels]
    options = {"steps": asked.steps, "layers": asked.layers, "width": asked.width, "seed": seed}
    return kgwb.load_bert(train_tiny([*texts, *names], cache=tempfile.mkdtemp(), progress=False, **options))


def teach(model: Bert, told: list[Sentence], seen: Questions, other: Questions) -> Bert:
    """A copy that was told, by ten sentences about what tuning states, how the unseen wordings say their relations."""
    taught, stated = copy.deepcopy(model), {(q.head, q.relation, q.answer) for q in seen}
    for relation, wording in sorted({(q.relation, q.wording) for q in other}):
        said = [
            s
            for s in told
            if s.triple and tuple(s.triple) in stated and (s.triple[1], s.wording) == (relation, wording)
        ]
        teach_wordings(taught, said[:10])
    return taught


def score_tfidf(seen: Questions, asked: Questions) -> float:
    """Accuracy of a linear support vector machine on characters, one to three."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    model = make_pipeline(characters, LinearSVC()).fit([q.text for q in seen], [q.answer for q in seen])
    return float(np.mean(model.predict([q.text for q in asked]) == [q.answer for q in asked]))


if __name__ == "__main__":
    main()
