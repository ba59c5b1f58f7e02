"""The whole path in one go: from a folder of facts to one offline page, with the controls beside the result."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from kgwb.bert import Bert, inject, load_bert, read
from kgwb.embed import ComplEx, GraphEmbedding, RankReport, preset, rank_triples, train_embedding
from kgwb.graph import KnowledgeGraph, Sentence, read_graph, read_sentences
from kgwb.learn import MaskedAnswers, Questions, make_questions, plan_runs, probe, split_questions, tune
from kgwb.see import TrainingView, show_attention, show_graph, show_space, show_training, write_page
from kgwb.see.page import Fragment, HasFragment

Thing = TypeVar("Thing")


@dataclass(frozen=True, repr=False)
class Journey:
    """What one walk found.

    Attributes:
        graph: the facts.
        ranks: how well the vectors give the facts back.
        table: accuracy of plain BERT, BERT with the vectors, and the controls, on entities tuning never saw.
        page: the offline page with all views.
    """

    graph: KnowledgeGraph
    ranks: RankReport
    table: pd.DataFrame
    page: Path

    def __repr__(self) -> str:
        columns = ["accuracy", "spread", "chance", "seeds", "questions"]
        return f"{self.graph!r}\n\n{self.ranks!r}\n\n{self.table[columns].round(3).to_string()}"


def walk_the_journey(
    folder: str | Path, out: str | Path, *, seeds: int = 3, epochs: int | None = None, tuning_epochs: int | None = None
) -> Journey:
    """Read a graph, turn it into vectors, put them into BERT, and draw what changed; bars show how far it is.

    Args:
        folder: a graph with sentences, for example `sample_graphs/archipelago`.
        out: where the page goes.
        seeds: how often each run of the table is tuned.
        epochs: of the embedding; by default what the preset says.
        tuning_epochs: passes over the questions, for each run of the table; by default as many as make 100 steps.

    Raises:
        GraphFileError: if the folder holds no graph or no sentences.
    """
    graph = read_graph(folder)
    vectors, course = _learn_vectors(graph, epochs)
    bert = load_bert("minilm")
    seen, unseen = split_questions(_ask(graph, read_sentences(folder, graph)))
    tuning_epochs = tuning_epochs or max(2, round(100 * 32 / len(seen)))
    model, steps = _tune_one(bert, vectors, seen, tuning_epochs)
    runs = plan_runs(bert, vectors, MaskedAnswers(seen), epochs=tuning_epochs)
    # The model on show is also the first of the table's own.
    runs["entity"] = partial(_reuse_first, model, runs["entity"])
    table = probe(runs, unseen, seeds=seeds, progress=True)
    texts = _choose_texts(unseen)
    sections: list[tuple[str, HasFragment | Fragment]] = [
        (f"{graph.name} as a graph", show_graph(graph, around=unseen[0].head, hops=2)),
        ("Facts become vectors", course),
        ("The space they live in", show_space(vectors)),
        ("BERT learns to use them", steps),
        ("Where BERT looks, before and after", show_attention(read(bert, texts), read(model, texts), graph=graph)),
        ("How much of it is knowledge", _tabulate(table)),
    ]
    page = write_page(Path(out) / "index.html", sections, title=f"From {graph.name} into BERT")
    return Journey(graph, _rank_some(vectors), table, page)


def _learn_vectors(graph: KnowledgeGraph, epochs: int | None) -> tuple[GraphEmbedding, TrainingView]:
    options = preset("complex", "small") | ({"epochs": epochs} if epochs else {})
    vectors = GraphEmbedding(graph, ComplEx(), dim=options.pop("dim"))
    course = train_embedding(vectors, graph, **options)
    return vectors, show_training(_with_bar(course, "vectors", options["epochs"]), name="vectors")


def _rank_some(vectors: GraphEmbedding, count: int = 2000) -> RankReport:
    triples = vectors.graph.triples
    chosen = np.random.default_rng(0).permutation(len(triples))[:count]
    return rank_triples(vectors, triples[np.sort(chosen)], known=triples)


def _ask(graph: KnowledgeGraph, sentences: Sequence[Sentence], *, most: int = 4, enough: int = 8) -> Questions:
    """Questions for the relations with most sentences per candidate: only those give examples enough to learn from."""
    questions = make_questions(sentences, graph)
    asked = Counter(question.relation for question in questions)
    examples = {
        question.relation: asked[question.relation] / len(question.candidates) for question in reversed(questions)
    }
    best = sorted(examples, key=lambda relation: -examples[relation])
    return make_questions(sentences, graph, relations=[r for r in best[:most] if examples[r] >= enough] or best[:1])


def _tune_one(bert: Bert, vectors: GraphEmbedding, seen: Questions, epochs: int) -> tuple[Bert, TrainingView]:
    model = inject(bert, vectors)
    steps = tune(model, MaskedAnswers(seen), epochs=epochs)
    return model, show_training(_with_bar(steps, "tuning", None), name="entity")


def _reuse_first(model: Bert, run: Callable[[int], Bert], seed: int) -> Bert:
    return model if seed == 0 else run(seed)


def _choose_texts(questions: Questions, count: int = 6) -> list[str]:
    """A few questions, one for each relation."""
    first = {question.relation: question.text for question in reversed(questions)}
    return [first[relation] for relation in sorted(first)][:count]


def _tabulate(table: pd.DataFrame) -> Fragment:
    caption = (
        f"Accuracy on {int(table['questions'].iloc[0]):,} questions about entities that tuning never saw; seeds: "
        f"{int(table['seeds'].max())}. Shuffled and random vectors hold no knowledge: what they gain is not knowledge."
    )
    shown = table.drop(columns=["seeds", "questions"]).rename_axis(index=None)
    rows = "".join(
        f"<tr><td>{html.escape(str(name))}</td>{''.join(f'<td>{value:.3f}</td>' for value in row)}</tr>"
        for name, row in zip(shown.index, shown.to_numpy(), strict=True)
    )
    heads = "".join(f"<th>{html.escape(str(column))}</th>" for column in ["model", *shown.columns])
    return Fragment(f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>", caption)


def _with_bar(things: Iterable[Thing], what: str, total: int | None) -> Iterable[Thing]:
    from tqdm.auto import tqdm

    return tqdm(things, desc=what, total=total, unit="step")
