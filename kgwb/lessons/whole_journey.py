"""For notebook 00: the whole path as one call, from a folder of facts to one offline page, and checks worked out by hand."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert, Reading, load_bert, read
from kgwb.embed import ComplEx, GraphEmbedding, RankReport, preset, rank_triples, train_embedding
from kgwb.graph import KnowledgeGraph, Sentence, read_graph, read_sentences
from kgwb.learn import MaskedAnswers, ProbeReport, Questions, Step, make_questions, plan_runs, probe, split_questions
from kgwb.learn.probing.runs import ProbeRun
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.examples import draw_facts, make_graph, make_reading, make_table
from kgwb.see import TrainingView, show_attention, show_graph, show_space, show_training, write_page
from kgwb.see.page import Fragment, HasFragment

Thing = TypeVar("Thing")


@dataclass(frozen=True, repr=False)
class Journey:
    """What the whole path gave.

    Attributes:
        graph: the facts.
        ranks: how well the vectors rank the facts themselves.
        report: accuracy of plain BERT, BERT with the vectors, and the controls, on entities never seen in tuning.
        page: the offline page with all views.
    """

    graph: KnowledgeGraph
    ranks: RankReport
    report: ProbeReport
    page: Path

    def __repr__(self) -> str:
        columns = ["accuracy", "spread", "chance", "seeds", "questions"]
        return f"{self.graph!r}\n\n{self.ranks!r}\n\n{self.report.frame[columns].round(3).to_string()}"


def run_journey(
    folder: str | Path,
    out: str | Path,
    *,
    seeds: int = 3,
    epochs: int | None = None,
    tuning_epochs: int | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Journey:
    """Read a graph, turn it into vectors, put them into BERT, and draw what changed; bars show the progress.

    Args:
        folder: a graph with sentences, for example `sample_graphs/archipelago`.
        out: where the page goes.
        seeds: how often each run of the table is tuned.
        epochs: of the embedding; by default what the preset says.
        tuning_epochs: passes over the questions, for each run of the table; by default as many as make 100 steps.
        reading: arguments of `read_graph`, by name.

    Raises:
        GraphFileError: if the folder holds no graph or no sentences.
    """
    graph = read_graph(folder, **(reading or {}))
    vectors, training = _train_vectors(graph, epochs)
    bert = load_bert("minilm")
    seen, unseen = split_questions(_make_questions(graph, read_sentences(folder, graph)))
    tuning_epochs = tuning_epochs or max(2, round(100 * 32 / len(seen)))
    runs = plan_runs(bert, vectors, MaskedAnswers(seen), epochs=tuning_epochs)
    with tempfile.TemporaryDirectory() as room:
        # The model that is drawn is the report's own of seed 0; it may have been tuned by another process.
        runs["entity"] = partial(_tune_and_keep, cast(ProbeRun, runs["entity"]), Path(room))
        report = probe(runs, unseen, seeds=seeds, progress=True)
        model, steps = _read_kept(Path(room))
    texts = _choose_texts(unseen)
    sections: list[tuple[str, HasFragment | Fragment]] = [
        (f"{graph.name} as a graph", show_graph(graph, around=unseen[0].head, hops=2)),
        ("Facts become vectors", training),
        ("The space they live in", show_space(vectors)),
        ("BERT learns to use them", steps),
        ("Where BERT looks, before and after", show_attention(read(bert, texts), read(model, texts), graph=graph)),
        ("How much of it is knowledge", _tabulate(report)),
    ]
    page = write_page(Path(out) / "index.html", sections, title=f"From {graph.name} into BERT")
    return Journey(graph, _rank_some(vectors), report, page)


def _train_vectors(graph: KnowledgeGraph, epochs: int | None) -> tuple[GraphEmbedding, TrainingView]:
    options = preset("complex", "small") | ({"epochs": epochs} if epochs else {})
    vectors = GraphEmbedding(graph, ComplEx(), dim=options.pop("dim"))
    training = train_embedding(vectors, graph, **options)
    return vectors, show_training(_with_bar(training, "vectors", options["epochs"]), name="vectors")


def _rank_some(vectors: GraphEmbedding, count: int = 2000) -> RankReport:
    triples = vectors.graph.triples
    chosen = np.random.default_rng(0).permutation(len(triples))[:count]
    return rank_triples(vectors, triples[np.sort(chosen)], known=triples)


def _make_questions(
    graph: KnowledgeGraph, sentences: Sequence[Sentence], *, most: int = 4, enough: int = 8
) -> Questions:
    """Questions for the relations with most sentences per candidate: only those give examples enough to learn from."""
    questions = make_questions(sentences, graph)
    counts = Counter(question.relation for question in questions)
    examples = {
        question.relation: counts[question.relation] / len(question.candidates) for question in reversed(questions)
    }
    best = sorted(examples, key=lambda relation: -examples[relation])
    return make_questions(sentences, graph, relations=[r for r in best[:most] if examples[r] >= enough] or best[:1])


def _tune_and_keep(run: ProbeRun, room: Path, seed: int) -> Bert:
    """A run's model of a seed; the first is kept, with the steps of its tuning."""
    if seed:
        return run(seed)
    model = run.start(seed)
    steps = [asdict(step) for step in run.tune(model, seed)]
    model.save(room / "model")
    (room / "steps.json").write_text(json.dumps(steps), encoding="utf-8")
    return model


def _read_kept(room: Path) -> tuple[Bert, TrainingView]:
    steps = json.loads((room / "steps.json").read_text(encoding="utf-8"))
    return load_bert(room / "model"), show_training([Step(**step | {"agreement": ()}) for step in steps], name="entity")


def _choose_texts(questions: Questions, count: int = 6) -> list[str]:
    """A few questions, one for each relation."""
    first = {question.relation: question.text for question in reversed(questions)}
    return [first[relation] for relation in sorted(first)][:count]


def _tabulate(report: ProbeReport) -> Fragment:
    caption = (
        f"Accuracy on {int(report.frame['questions'].iloc[0]):,} questions about entities never seen in tuning; seeds: "
        f"{int(report.frame['seeds'].max())}. Shuffled and random vectors hold no knowledge: what they gain is not knowledge."
    )
    shown = report.frame.drop(columns=["seeds", "questions"]).rename_axis(index=None, columns="model")
    return Fragment(shown.to_html(float_format="{:.3f}".format, border=0), caption)


def _with_bar(things: Iterable[Thing], what: str, total: int | None) -> Iterable[Thing]:
    from tqdm.auto import tqdm

    return tqdm(things, desc=what, total=total, unit="step")


def check_tails(find_tails: Callable[[KnowledgeGraph, str, str], list[str]]) -> Verdict:
    """Does it find the labels of all tails of (head, relation, ?)?"""
    facts = [("Ada", "speaks", "Ket"), ("Ada", "speaks", "Sol"), ("Ada", "born in", "Ruo"), ("Bo", "speaks", "Ket")]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((make_graph(facts), "Ada", "speaks"), ["Ket", "Sol"]),
        ((make_graph(facts), "Bo", "born in"), []),
    ]
    # A name within a longer one, and a relation within a longer one.
    longer = [("Ada", "knows", "Bo"), ("Adam", "knows", "Cem"), ("Ada", "knows of", "Dia"), ("Bo", "knows", "Ada")]
    examples += [((make_graph(longer), "Ada", "knows"), ["Bo"]), ((make_graph(longer), "Adam", "knows"), ["Cem"])]
    random = np.random.default_rng(0)
    for _ in range(10):
        facts = draw_facts(random, 9, relations=("knows", "teaches"))
        head, relation, _tail = facts[int(random.integers(len(facts)))]
        examples.append(((make_graph(facts), head, relation), [t for h, r, t in facts if (h, r) == (head, relation)]))
    return check(
        find_tails, examples, hint='graph.to_pandas(labels=True) has the columns "head", "relation" and "tail".'
    )


def check_attention_paid(attention_paid: Callable[[Reading, int, int], float]) -> Verdict:
    """Does it average, over the queries, how much one head looks at the injected word pieces?"""
    weights = torch.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.1, 0.3, 0.6]])
    small = make_reading(torch.stack([torch.eye(3), weights])[None], ["[CLS]", "ada", "[SEP]"], [1])
    examples: list[tuple[tuple[Any, ...], Any]] = [((small, 0, 0), 1 / 3), ((small, 0, 1), 1.55 / 3)]
    generator = torch.Generator().manual_seed(0)
    for injected in ([1, 2], [1, 3], [2], [0, 1, 2, 3], []):
        attention = torch.randn(2, 2, 2, 4, 4, generator=generator).softmax(-1)  # [sentence, layer, head, query, key]
        reading = make_reading(attention, ["[CLS]", "ada", "bo", "[SEP]"], injected)
        for layer, head in ((0, 1), (1, 0)):
            square = attention[0, layer, head].tolist()
            examples.append(((reading, layer, head), sum(row[key] for row in square for key in injected) / len(square)))
    hint = "attention[0, layer, head] is a square: a row for each word piece that looks, a column for each looked at."
    return check(attention_paid, examples, hint=hint)


def share_injected(reading: Reading, layer: int, head: int) -> float:
    """The share of one head's attention that goes where vectors entered, averaged over the queries of the first sentence."""
    pieces = reading.lengths[0]
    weights = reading.attention[0, layer, head, :pieces, :pieces]  # [query, key]
    return float(weights[:, torch.tensor(reading.injected[0][:pieces])].sum(1).mean())


def check_knowledge_gained(knowledge_gained: Callable[[pd.DataFrame], float]) -> Verdict:
    """Does it compare the real vectors with the best run that has no knowledge?"""
    runs = ["plain", "entity", "entity/shuffled", "entity/random"]
    rows = [[0.1, 0.8, 0.3, 0.2], [0.4, 0.6, 0.3, 0.2], [0.2, 0.7, 0.1, 0.5], [0.3, 0.2, 0.25, 0.1]]
    examples = [((pd.DataFrame({"accuracy": row}, index=runs),), row[1] - max(row[0], *row[2:])) for row in rows]
    random = np.random.default_rng(0)
    for row in random.uniform(0, 1, (6, 4)).round(2).tolist():
        examples.append(((make_table(random, dict(zip(runs, row, strict=True))),), row[1] - max(row[0], *row[2:])))
    hint = "Which of the other three rows is the hardest to beat? It is not always the same one."
    return check(knowledge_gained, examples, hint=hint)
