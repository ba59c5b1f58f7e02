"""One call for every door."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from kgwb.bert.alignment.missing_vectors import fill_missing_vectors, find_missing
from kgwb.bert.attention import open_attention
from kgwb.bert.controls import Control, take_knowledge_away
from kgwb.bert.doors.entity import EntityInjector
from kgwb.bert.doors.graph import GraphInjector
from kgwb.bert.doors.injector import Injector
from kgwb.bert.doors.joined import JoinedInjector
from kgwb.bert.doors.memory import MemoryInjector
from kgwb.bert.doors.relation import RelationInjector
from kgwb.bert.knowledge import EntityVectors, gather_knowledge
from kgwb.bert.shape import measure_shape
from kgwb.checks import expect_choice

if TYPE_CHECKING:
    from kgwb.bert.model import Bert

log = logging.getLogger(__name__)

Mode = Literal["entity", "relation", "graph", "tower", "memory"]

_DOORS: dict[str, Callable[..., Injector]] = {
    "entity": EntityInjector,
    "relation": RelationInjector,
    "graph": GraphInjector,
    "tower": partial(GraphInjector, exchange=True),
    "memory": MemoryInjector,
}


def inject(
    bert: Bert,
    vectors: EntityVectors,
    *,
    mode: Mode | Sequence[Mode] = "entity",
    control: Control | None = None,
    adaptive: bool = False,
    seed: int = 0,
    **options: Any,
) -> Bert:
    """A copy of BERT with a closed door for the graph: its output is BERT's own until the door is trained.

    Args:
        bert: the model to copy; it is left as it is.
        vectors: entity vectors and their graph; relation vectors too, where it has them.
        mode: which door, or several. "entity" adds W e at a mention, "relation" puts relation vectors into attention
            between linked mentions, "graph" lets tokens read a graph network, "tower" lets both read each other,
            "memory" puts facts into attention as slots.
        control: the same door without the knowledge: "shuffled", "random" or "matched".
        adaptive: let the context decide, token by token, how far the door is open.
        seed: for the door's first weights and the control's draw.
        **options: of the door, see `EntityInjector`, `RelationInjector`, `GraphInjector` and `MemoryInjector`; of
            several doors, a dict for each: memory={"hops": 2}.

    An entity whose vector was never trained gets one from its label (`fill_missing_vectors`); `model.injector.filled` names
    them, and the log counts them.

    Raises:
        ValueError: for an unknown mode or control, or if BERT already has an injector.
        TypeError: for an option that the door does not take.

    Example:
        >>> import pandas as pd
        >>> from kgwb import ComplEx, GraphEmbedding, KnowledgeGraph, load_bert, read
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=8)
        >>> bert = load_bert()
        >>> model = inject(bert, vectors, control="shuffled")
        >>> read(model, "Paris is old.").hidden.equal(read(bert, "Paris is old.").hidden)
        True
    """
    modes = (mode,) if isinstance(mode, str) else tuple(mode)
    if not modes or len(set(modes)) < len(modes):
        raise ValueError(f"mode={mode!r} came. Expected one door or several different ones: mode=('entity', 'memory').")
    for one in modes:
        expect_choice("mode", one, get_args(Mode))
    if bert.injector is not None:
        raise ValueError(
            f"{bert.name!r} already has an injector. Inject into the plain model: kgwb.inject(kgwb.load_bert(...), vectors)."
        )
    vectors, filled = _complete(bert, vectors)
    knowledge = take_knowledge_away(gather_knowledge(vectors), control, seed=seed)
    shape = measure_shape(bert.model, bert.words)
    doors = [
        _DOORS[one](knowledge, shape, adaptive=adaptive, seed=seed, **_options_of(one, modes, options)) for one in modes
    ]
    model = copy.deepcopy(bert)
    injector = doors[0] if len(doors) == 1 else JoinedInjector(knowledge, doors)
    model.injector = injector.to(bert.device)
    model.injector.filled = filled
    if any(door.touched_attention for door in doors):
        open_attention(model.model)
    model.name = "/".join([bert.name, injector.mode, *([control] if control else [])])
    return model


def _complete(bert: Bert, vectors: EntityVectors) -> tuple[EntityVectors, tuple[int, ...]]:
    """Entities without a vector get one from their label, where some have been trained and others not."""
    missing = find_missing(vectors)
    if not bool(missing.any()) or bool(missing.all()):
        return vectors, ()
    complete = fill_missing_vectors(bert, vectors)
    log.info(
        "%d of %d entities had no vector and were given one from their label: %s ...",
        len(complete.filled),
        len(missing),
        ", ".join(vectors.graph.labels[entity] for entity in complete.filled[:3]),
    )
    return complete, tuple(int(entity) for entity in complete.filled)


def _options_of(mode: Mode, modes: tuple[Mode, ...], options: dict[str, Any]) -> dict[str, Any]:
    """The options of one door; of several doors each has a dict of its own."""
    if len(modes) == 1:
        return options
    for name, given in options.items():
        if name not in modes or not isinstance(given, dict):
            raise TypeError(
                f"{name}={given!r} came for the doors {', '.join(modes)}. Expected a dict of options for each door: "
                f"{modes[-1]}={{...}}."
            )
    return options.get(mode, {})
