"""A saved embedding comes back: the graph it belongs to, the scorer it was trained with, and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kgwb.checks import expect_path
from kgwb.embed.embedding_files import (
    EmbeddingFileError,
    describe_scorer,
    expect_whole_facts,
    identify_graph,
    read_embedding_facts,
    read_graph_beside,
    read_tensors,
)
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.queries import expect_ids
from kgwb.embed.scorers import SCORERS
from kgwb.embed.scorers.scorer import Scorer, expect_scorer
from kgwb.files import hold_folder
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph


def load_embedding(
    folder: str | Path, graph: KnowledgeGraph | None = None, *, scorer: Scorer | None = None
) -> GraphEmbedding:
    """Read an embedding that `GraphEmbedding.save` wrote.

    Args:
        folder: what was given to `save`.
        graph: the graph it belongs to; left out, the one saved beside the vectors.
        scorer: the equation it was trained with, where that is a class of your own; left out, kgwb's of the saved name.

    Returns:
        The embedding, on the CPU, scoring as it did when saved.

    Raises:
        EmbeddingFileError: the folder holds no embedding, the ids of the graph mean something else, or the scorer is
            another one than was saved.
        TypeError: `scorer` is none.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> from kgwb.embed import DistMult
        >>> class Halved(DistMult):
        ...     def query_tail(self, head, relation):
        ...         return head * relation / 2
        ...     def query_head(self, relation, tail):
        ...         return relation * tail / 2
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> embedding = GraphEmbedding(KnowledgeGraph.from_pandas(facts), Halved(), dim=8)
        >>> folder = embedding.save(Path(tempfile.mkdtemp(), "vectors"))
        >>> load_embedding(folder, scorer=Halved())
        GraphEmbedding(Halved(), dim=8) of 'graph': 2 entities, 1 relation, not trained
    """
    folder = expect_path(folder, call="load_embedding('vectors')")
    if graph is not None:
        expect_graph(graph, "load_embedding(folder, {})")
    with hold_folder(folder):
        return _read_embedding(folder, graph, scorer)


def _read_embedding(folder: Path, graph: KnowledgeGraph | None, scorer: Scorer | None) -> GraphEmbedding:
    facts = read_embedding_facts(folder)
    if graph is None:
        graph = read_graph_beside(folder, facts)
    if graph.fingerprint != facts["graph"]["fingerprint"]:
        raise EmbeddingFileError(_other_graph(folder, facts, graph))
    equation = _make_scorer(folder, facts) if scorer is None else scorer
    _expect_same_scorer(folder, facts, equation)
    expect_whole_facts(folder, facts)
    tensors = read_tensors(folder, facts, _list_shapes(folder, facts, graph, equation))
    embedding = GraphEmbedding(graph, equation, dim=facts["dim"], seed=facts["seed"])
    if facts["reciprocal"]:
        embedding.add_inverses()
    embedding._trainings = tuple(facts.get("trainings", ()))
    embedding.start_note = str(facts.get("start", ""))
    learnt = tensors.pop("trained_facts", None)
    embedding.to(tensors["entity_table"].dtype).load_state_dict(tensors)
    if learnt is not None:
        embedding.trained_facts = learnt.numpy().astype(np.int64)
        try:
            expect_ids(graph, "trained_facts", embedding.trained_facts)
        except ValueError as problem:
            raise EmbeddingFileError(f"{folder} is damaged: {problem}") from problem
    return embedding


def _list_shapes(
    folder: Path, facts: dict[str, Any], graph: KnowledgeGraph, scorer: Scorer
) -> dict[str, tuple[int, ...]]:
    """What the tables must measure; compared before anything is made, so that no damaged number asks for all memory."""
    entities, relations, dim = len(graph.entities), len(graph.relations), facts["dim"]
    try:
        width = scorer.relation_width(dim)
    except ValueError as problem:
        raise EmbeddingFileError(f"{folder} does not fit its scorer: {problem}") from problem
    shapes = {"entity_table": (entities, dim), "relation_table": (relations, width), "trained_on": (entities,)}
    shapes |= {"inverse_table": (relations, width)} if facts["reciprocal"] else {}
    return shapes | ({"trained_facts": (facts["trained_facts"], 3)} if "trained_facts" in facts else {})


def _make_scorer(folder: Path, facts: dict[str, Any]) -> Scorer:
    saved = facts["scorer"]
    if saved["name"] in SCORERS and not saved.get("own"):
        try:
            return SCORERS[saved["name"]](**saved["arguments"])
        except (TypeError, ValueError) as problem:
            message = f"{folder} holds a scorer that cannot be made: {_spell(saved)} ({problem})"
            raise EmbeddingFileError(f"{message}. Save the embedding again, to another folder.") from problem
    call = f"kgwb.load_embedding({str(folder)!r}, scorer={_spell(saved)})"
    if saved.get("own"):
        raise EmbeddingFileError(
            f"{folder} was saved with the scorer {_spell(saved)}, a class that is not kgwb's. Run the cell or import the "
            f"module that defines it, and type {call}."
        )
    raise EmbeddingFileError(
        f"{folder} was saved with the scorer {_spell(saved)}. This kgwb knows {', '.join(SCORERS)}; if kgwb "
        f"{facts['kgwb']}, which wrote the folder, had it, type pip install kgwb=={facts['kgwb']}; if it is yours, type "
        f"{call}."
    )


def _expect_same_scorer(folder: Path, facts: dict[str, Any], scorer: Scorer) -> None:
    expect_scorer(scorer, "load_embedding(folder, scorer={})")
    saved, came = facts["scorer"], describe_scorer(scorer)
    # One that this kgwb does not know may be had from elsewhere; kgwb's own are not to be mistaken for a namesake.
    if came != saved and (saved["name"] in SCORERS or came != saved | {"own": True}):
        raise EmbeddingFileError(
            f"{folder} was saved with the scorer {_spell(saved)}, but {_spell(came)} came. "
            f"Type kgwb.load_embedding({str(folder)!r}, scorer={_spell(saved)})."
        )


def _spell(described: dict[str, Any]) -> str:
    return f"{described['name']}({', '.join(f'{name}={value!r}' for name, value in described['arguments'].items())})"


def _other_graph(folder: Path, facts: dict[str, Any], graph: KnowledgeGraph) -> str:
    then, now = (
        f"{graph['name']!r} ({graph['entities']:,} entities, {graph['relations']:,} relations)"
        for graph in (facts["graph"], identify_graph(graph))
    )
    return (
        f"{folder} was saved for the graph {then}, but {now} came, whose ids mean other things. "
        f"Type load_embedding({str(folder)!r}) to use the graph saved with it."
    )
