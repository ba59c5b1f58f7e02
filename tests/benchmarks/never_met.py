"""Answers that tuning never met, with every entity of the graph as a candidate: plain BERT, memory, pointer, and its twins.

python tests/benchmarks/never_met.py --graph world --seeds 3

40 % of the heads and 40 % of the answers are held out; asked are questions about a held-out head with a held-out answer, in
the wording of tuning and in wordings kept for the test.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from figures import OUT, record

import kgwb
from kgwb.bert import Bert, teach_wordings
from kgwb.graph import Mention, Sentence
from kgwb.learn import Question, Questions, answer_questions
from kgwb.learn.answering.asking import find_pointer
from kgwb.learn.tasks import encode_questions

SAMPLES = Path(__file__).parents[2] / "sample_graphs"
ASKED = {
    "world": ("capital", "currency", "official_language"),
    "archipelago": ("born_in", "member_of", "speaks", "practises"),
}
# Relations that tuning is not given at all, one at a time.
UNSEEN = {"world": ("currency", "official_language"), "archipelago": ("practises", "belongs_to")}
SHARE, TUNED_ON, ASKED_AT_MOST = 0.4, 320, 120
DOORS = ("memory", "pointer")
CONTROLS = ("shuffled", "random", "matched", "dealt")
# A second entity of the same type, of which nothing is asked: before, in a sentence of its own, and behind.
BESIDE = ("Unlike {other}, ", "{other} is far away. ", ", unlike {other}.", ", not that of {other}.")
log = logging.getLogger("bench")


def main() -> None:
    """Measure each seed, and write a row of means and spreads."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", choices=ASKED, default="archipelago")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    began, found = time.perf_counter(), [{} for _ in asked.seeds]
    for measure in (measure_door, measure_others):  # every seed of the door first, as the others take longer
        for seed, figures in zip(asked.seeds, found, strict=True):
            for name, value in measure(asked.graph, seed):
                figures[name] = value
                log.info(
                    "%s, seed %d, %5.0f s: %-44s %.3f", asked.graph, seed, time.perf_counter() - began, name, value
                )
    table = {name: [figures[name] for figures in found if name in figures] for name in found[0]}
    for name, values in table.items():
        log.info("%-44s %s", name, tell(values))
    cells = ("pointer: tuned wording", "pointer: unseen wording", "plain: tuned wording", "memory: tuned wording")
    twins = max(statistics.mean(values) for name, values in table.items() if name.startswith("twin"))
    rest = ("edges removed", "two entities named", "three rivals", "refused: precision", "refused: recall")
    row = [f"{asked.graph}, {len(found)} seeds", *(tell(table[name]) for name in cells), f"{twins:.2f}"]
    minutes = (time.perf_counter() - began) / 60
    figures_kept = {"graph": asked.graph, "figures": table, "minutes": minutes}
    record("never_met", figures_kept, [*row, *(tell(table[name]) for name in rest), f"{minutes:.0f}"])


def tell(values: Sequence[float]) -> str:
    """Mean and spread over seeds."""
    return f"{statistics.mean(values):.2f}" + (f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else "")


def measure_door(name: str, seed: int) -> Iterator[tuple[str, float]]:
    """The pointer beside the memory, as it is asked in every way."""
    graph = kgwb.read_graph(SAMPLES / name)
    sentences = kgwb.read_sentences(SAMPLES / name, graph)
    seen, tuned, unseen = ask(graph, sentences, ASKED[name], seed)
    bert, vectors = kgwb.load_bert("minilm"), learn(graph, seed)
    yield "questions tuned on", len(seen)
    model = tune(kgwb.inject(bert, vectors, mode=DOORS, seed=seed), seen, seed)
    yield "pointer: tuned wording", share(model, tuned)
    yield "pointer: unseen wording", share(model, unseen)
    yield from stress(model, tuned, unseen, seed)
    yield "the same to the bit in a fresh process", compare_fresh(model, unseen[:8])
    yield from ask_unseen_relations(name, graph, sentences, bert, vectors, seed)


def measure_others(name: str, seed: int) -> Iterator[tuple[str, float]]:
    """Plain BERT, the memory alone, and the twins, on the same questions."""
    graph = kgwb.read_graph(SAMPLES / name)
    seen, tuned, unseen = ask(graph, kgwb.read_sentences(SAMPLES / name, graph), ASKED[name], seed)
    bert, vectors = kgwb.load_bert("minilm"), learn(graph, seed)
    runs: dict[str, Bert] = {"plain": bert, "memory": kgwb.inject(bert, vectors, mode="memory", seed=seed)}
    for control in CONTROLS:
        runs[f"twin {control}"] = kgwb.inject(bert, vectors, mode=DOORS, control=control, seed=seed)
    for run, fresh in runs.items():
        other = tune(fresh, seen, seed)
        yield f"{run}: tuned wording", share(other, tuned)
        yield f"{run}: unseen wording", share(other, unseen)


def ask(
    graph: kgwb.KnowledgeGraph, sentences: list[Sentence], relations: Sequence[str], seed: int
) -> tuple[Questions, Questions, Questions]:
    """What to tune on, and what to ask in the wording of tuning and in others."""
    questions = kgwb.make_questions(sentences, graph, relations=relations, candidates="all")
    seen, asked = kgwb.split_questions(questions, SHARE, by=("head", "answer"), seed=seed)
    seen = keep(seen, lambda question: question.wording == 0, TUNED_ON, seed)
    tuned = keep(asked, lambda question: question.wording == 0, ASKED_AT_MOST, seed)
    return seen, tuned, keep(asked, lambda question: question.wording != 0, ASKED_AT_MOST, seed)


def keep(questions: Questions, wanted: Callable[[Question], bool], most: int, seed: int) -> Questions:
    """At most so many of those that are wanted, drawn by the seed."""
    fit = [question for question in questions if wanted(question)]
    chosen = np.random.default_rng(seed).permutation(len(fit))[:most]
    return Questions(questions.graph, tuple(fit[i] for i in sorted(chosen.tolist())))


def learn(graph: kgwb.KnowledgeGraph, seed: int) -> kgwb.GraphEmbedding:
    """ComplEx by its preset for small graphs."""
    options = kgwb.preset("complex", "small")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"), seed=seed)
    for _ in kgwb.train_embedding(vectors, graph, **options):
        pass
    return vectors


def tune(model: Bert, seen: Questions, seed: int) -> Bert:
    """A copy that is tuned; steps are what `tune` takes by default."""
    tuned = copy.deepcopy(model)
    for _ in kgwb.tune(tuned, kgwb.MaskedAnswers(seen), seed=seed):
        pass
    return tuned


def share(model: Bert, questions: Questions) -> float:
    """The share of right answers; NaN without questions."""
    return float(answer_questions(model, questions)["correct"].mean()) if len(questions) else float("nan")


def stress(model: Bert, tuned: Questions, unseen: Questions, seed: int) -> Iterator[tuple[str, float]]:
    """The tuned model with its facts taken away, exchanged, among rivals, and beside another name."""
    injector, draw, graph = model.injector, np.random.default_rng(seed), tuned.graph
    assert injector is not None
    facts = sorted({(q.head, q.relation, q.answer) for q in tuned})
    with injector.without_facts(facts):
        yield "edges removed", share(model, tuned)
    tails = {
        relation: sorted({t for _, r, t in graph.triples.tolist() if r == relation})
        for relation in {f[1] for f in facts}
    }
    new = {fact: int(draw.choice([t for t in tails[fact[1]] if t != fact[2]])) for fact in facts}
    stated = set(map(tuple, graph.triples.tolist()))
    new = {fact: tail for fact, tail in new.items() if (*fact[:2], tail) not in stated}
    edited = keep(tuned, lambda q: (q.head, q.relation, q.answer) in new, len(tuned), seed)
    edited = replace(edited, items=tuple(replace(q, answer=new[q.head, q.relation, q.answer]) for q in edited))
    injector.replace(list(new), [(*fact[:2], tail) for fact, tail in new.items()])
    yield "edited", share(model, edited)
    injector.replace([(*fact[:2], tail) for fact, tail in new.items()], list(new))
    others = list(range(len(graph.relations)))
    rivals = set()
    for head, relation, tail in facts:
        alike = [t for t in tails[relation] if t != tail]
        for wrong in draw.choice([r for r in others if r != relation], 3).tolist():
            rivals.add((head, wrong, int(draw.choice(alike))))
    rivals -= stated
    injector.add(sorted(rivals))
    yield "three rivals", share(model, tuned)
    yield "three rivals, unseen wording", share(model, unseen)
    injector.withdraw(sorted(rivals))
    for beside in BESIDE:
        both = [name_another(question, graph, beside, draw) for question in tuned]
        yield f"two entities named, {beside.strip(' ,.')!r}", share(model, replace(tuned, items=tuple(both)))
    mixed = [
        name_another(question, graph, BESIDE[i % len(BESIDE)], draw) for i, question in enumerate((*tuned, *unseen))
    ]
    yield "two entities named", share(model, replace(tuned, items=tuple(mixed)))
    yield from refuse(model, Questions(graph, (*tuned, *unseen)), draw)


def name_another(question: Question, graph: kgwb.KnowledgeGraph, form: str, draw: np.random.Generator) -> Question:
    """The question with another entity of its head's type named before or behind it."""
    types = graph.entities["type"].tolist()
    alike = [
        e for e in np.unique(graph.triples[:, 0]).tolist() if types[e] == types[question.head] and e != question.head
    ]
    other = int(draw.choice(alike))
    text = form.format(other=graph.labels[other])
    at = text.index(graph.labels[other])
    if form.startswith(","):
        whole, start, moved = question.text.rstrip(".") + text, len(question.text.rstrip(".")) + at, 0
    else:
        whole, start, moved = text + question.text, at, len(text)
    mentions = [replace(m, start=m.start + moved, end=m.end + moved, pieces=None) for m in question.mentions]
    mentions.append(Mention(start, start + len(graph.labels[other]), other, graph.labels[other]))
    pairs = [pair for pair in zip(question.candidates, question.names, strict=True) if pair[0] != other]
    candidates, names = zip(*pairs, strict=True)
    return replace(
        *(question,),
        text=whole,
        mentions=tuple(sorted(mentions, key=lambda m: m.start)),
        candidates=candidates,
        names=names,
    )


def refuse(model: Bert, questions: Questions, draw: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Precision and recall of "the graph does not say" where the facts of half the heads are taken away."""
    heads = sorted({question.head for question in questions})
    silent = set(draw.permutation(heads)[: len(heads) // 2].tolist())
    gone = sorted(
        {(q.head, q.relation, t) for q in questions if q.head in silent for t in tails_of(questions.graph, q)}
    )
    assert model.injector is not None
    with model.injector.without_facts(gone):
        said = say_silent(model, questions)
    truth = [question.head in silent for question in questions]
    right = sum(one and other for one, other in zip(said, truth, strict=True))
    yield "refused: precision", right / max(1, sum(said))
    yield "refused: recall", right / max(1, sum(truth))


def tails_of(graph: kgwb.KnowledgeGraph, question: Question) -> list[int]:
    """Every right answer."""
    rows = (graph.triples[:, 0] == question.head) & (graph.triples[:, 1] == question.relation)
    return graph.triples[rows, 2].tolist()


@torch.no_grad()
def say_silent(model: Bert, questions: Questions) -> list[bool]:
    """Whether the model refuses each question."""
    pointer, encoded = find_pointer(model), encode_questions(model, questions)
    assert pointer is not None
    said: list[bool] = []
    for start in range(0, len(questions), 100):
        rows = list(range(start, min(start + 100, len(questions))))
        _, trace = model.in_mode(training=False).reach_mask(encoded.encoding.select(rows))
        said += (pointer.pointing_of(trace).shares()[:, -1] > 0.5).tolist()
    return said


FRESH = """
import json, sys, torch, kgwb
torch.set_num_threads(int(sys.argv[3]))
print(kgwb.answer(kgwb.load_bert(sys.argv[1]), json.loads(sys.argv[2])).to_json(double_precision=15))
"""


def compare_fresh(model: Bert, questions: Questions) -> float:
    """1 where a fresh process answers the same to the bit from the folder, else 0."""
    texts = [question.text for question in questions]
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        command = [
            sys.executable,
            "-c",
            FRESH,
            str(Path(folder) / "model"),
            json.dumps(texts),
            str(torch.get_num_threads()),
        ]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return float(said == kgwb.answer(model, texts).to_json(double_precision=15))


def ask_unseen_relations(
    name: str,
    graph: kgwb.KnowledgeGraph,
    sentences: list[Sentence],
    bert: Bert,
    vectors: kgwb.GraphEmbedding,
    seed: int,
) -> Iterator[tuple[str, float]]:
    """A model tuned without two relations, asked for them by their label alone, and after ten sentences that say them."""
    relations = [relation for relation in ASKED[name] if relation not in UNSEEN[name]]
    seen, _, _ = ask(graph, sentences, relations, seed)
    model = tune(kgwb.inject(bert, vectors, mode=DOORS, seed=seed), seen, seed)
    questions = kgwb.make_questions(sentences, graph, relations=UNSEEN[name], candidates="all")
    taught, asked = kgwb.split_questions(questions, SHARE, by=("head", "answer"), seed=seed)
    asked = keep(asked, lambda question: True, ASKED_AT_MOST, seed)
    yield "relations never tuned on, by label", share(model, asked)
    heads = {question.head for question in taught}
    for relation in UNSEEN[name]:
        wanted = graph.relation_id(relation)
        said = [
            s for s in sentences if s.triple and s.triple[1] == wanted and s.triple[0] in heads and s.language == "en"
        ]
        teach_wordings(model, [said[i] for i in np.random.default_rng(seed).permutation(len(said))[:10].tolist()])
    yield "relations never tuned on, ten sentences", share(model, asked)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    main()
