"""One call for every door."""

from __future__ import annotations

import copy
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

from kgwb.bert.alignment.missing_vectors import fill_missing_vectors, list_gaps
from kgwb.bert.doors.door import Door
from kgwb.bert.doors.entity import EntityDoor
from kgwb.bert.doors.graph import GraphDoor
from kgwb.bert.doors.memory import MemoryDoor
from kgwb.bert.doors.pointer import PointerDoor
from kgwb.bert.doors.relation import RelationDoor
from kgwb.bert.injector import Injector
from kgwb.bert.knowledge import (
    Control,
    EntityVectors,
    Knowledge,
    expect_entity_vectors,
    gather_knowledge,
    refuse_nonfinite,
    refuse_overflow,
    take_knowledge_away,
)
from kgwb.bert.model import Bert
from kgwb.bert.origin import note_origin
from kgwb.bert.passing import open_attention
from kgwb.bert.plain_reader import PlainReader
from kgwb.bert.shape import Shape, measure_shape
from kgwb.checks import expect_choice, expect_flags, expect_kind, expect_seed, is_number
from kgwb.memory import within_memory
from kgwb.words import describe_kind, quote_value

log = logging.getLogger(__name__)

# A built-in door is a file in doors/ and a word here; a door of one's own goes to `inject` as a class.
Mode = Literal["entity", "relation", "graph", "tower", "memory", "pointer"]
_DOORS: dict[str, Callable[..., Door]] = {
    "entity": EntityDoor,
    "relation": RelationDoor,
    "graph": GraphDoor,
    "tower": partial(GraphDoor, exchange=True),
    "memory": MemoryDoor,
    "pointer": PointerDoor,
}
AnyMode: TypeAlias = Mode | type[Door]


def inject(
    bert: Bert,
    vectors: EntityVectors,
    *,
    mode: AnyMode | Sequence[AnyMode] = "entity",
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
            "memory" puts facts into attention as slots, "pointer" finds the fact that is asked for and scores its other end. A
            door of your own is given as its class, a subclass of `Door`.
        control: the same door without the knowledge: "shuffled", "random", "matched" or, where it reads facts, "dealt"
            (`take_knowledge_away`).
        adaptive: let the context decide, token by token, how far the door is open.
        seed: for the door's first weights and the control's draw.
        **options: of the door, see `EntityDoor`, `RelationDoor`, `GraphDoor`, `MemoryDoor` and `PointerDoor`; of several
            doors, a dict for each under its name: memory={"hops": 2}.

    An entity whose vector was never trained gets one from its label (`fill_missing_vectors`); `model.injector.filled` names
    them, and the log counts them.

    Raises:
        ValueError: for an unknown mode or control, a door without a name of its own, if BERT already has an injector,
            or for vectors that are not finite, or all zero.
        TypeError: for an option that the door does not take, or a class that is no door.

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
    expect_kind(bert, Bert, "A BERT", call="kgwb.inject(kgwb.load_bert(), vectors)")
    expect_entity_vectors(vectors, "kgwb.inject(bert, {})")
    expect_flags(adaptive=adaptive)
    seed = expect_seed(seed)
    makers = choose_doors(mode)
    if bert.injector is not None:
        raise ValueError(
            f"{bert.name!r} already has an injector. Inject into the plain model: kgwb.inject(kgwb.load_bert(...), vectors)."
        )
    refuse_overflow(gather_knowledge(vectors))
    complete, filled = _complete(bert, vectors)
    gathered = gather_knowledge(complete)
    refuse_nonfinite(gathered)
    known = gather_knowledge(vectors) if filled else gathered
    knowledge = take_knowledge_away(gathered, control, seed=seed)
    shape = measure_shape(bert.model, bert.words)
    each = _split_options(tuple(makers), options)
    doors = make_doors(
        makers, knowledge, shape, {name: {"adaptive": adaptive, "seed": seed, **each[name]} for name in makers}
    )
    if control == "dealt" and not any(door.reads_facts for door in doors):
        raise ValueError(
            f"control='dealt' gives each relation's facts to other heads, and the {'+'.join(makers)} door reads no facts. Type "
            "control='shuffled'."
        )
    reader = PlainReader(bert)
    for door in doors:
        door.meet(reader)
    model = copy.deepcopy(bert)
    own = bool(list_own_doors(makers))
    origin = note_origin(known, knowledge, shape, model.model, model.additions, keep=own)
    injector = Injector(knowledge, doors, filled=filled, origin=origin)
    if injector.kept:
        log.info(
            "The control %r still states %d of the graph's %d facts.", control, injector.kept, len(knowledge.graph)
        )
    model.injector = injector.to(bert.device).train(bert.training)
    if any(door.touched_attention for door in doors):
        open_attention(model.model)
    model.name = "/".join([bert.name, injector.mode, *([control] if control else [])])
    return model


def name_mode(mode: AnyMode | Sequence[AnyMode]) -> tuple[str, ...]:
    """The names of the doors of a mode, in the order in which they act.

    Example:
        >>> name_mode(("entity", MemoryDoor))
        ('entity', 'memory')
    """
    modes = tuple(mode) if isinstance(mode, (list, tuple)) else (mode,)
    return tuple(one.name if isinstance(one, type) and issubclass(one, Door) else str(one) for one in modes)


def make_doors(
    makers: Mapping[str, Callable[..., Door]], knowledge: Knowledge, shape: Shape, options: Mapping[str, Any]
) -> list[Door]:
    """Each door with its options."""
    doors = []
    for name, make in makers.items():
        _expect_options(name, make, options[name])
        whole = {
            option: value
            for option, value in options[name].items()
            if option != "seed" and is_number(value, whole=True)
        }
        given = ", ".join(f"{option}={value}" for option, value in whole.items())
        with within_memory(f"{given} for the {name} door", usual=f"kgwb.inject(bert, vectors, mode={name!r})"):
            door = make(knowledge, shape, **options[name])
        door.note_options(complete_options(make, options[name]))
        doors.append(door)
    return doors


def _expect_options(name: str, make: Callable[..., Door], options: Mapping[str, Any]) -> None:
    _, _, *parameters = inspect.signature(make).parameters.values()  # after knowledge and shape
    known = [each.name for each in parameters if each.name not in ("adaptive", "seed", "exchange")]
    unknown = [option for option in options if option not in inspect.signature(make).parameters]
    if unknown and not any(each.kind is each.VAR_KEYWORD for each in parameters):
        raise TypeError(
            f"{unknown[0]}={quote_value(options[unknown[0]])} came, and the {name} door takes {', '.join(known)}. "
            f"Type kgwb.inject(bert, vectors, mode={name!r}), with some of them."
        )


def complete_options(make: Callable[..., Door], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a door with its own defaults.

    Example:
        >>> complete_options(EntityDoor, {"strength": 1.0})["pieces"]
        'all'
    """
    _, _, *parameters = inspect.signature(make).parameters.values()  # after knowledge and shape
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    return defaults | dict(given)


def list_options(mode: AnyMode | Sequence[AnyMode], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every option of each door of a mode, its defaults included; of a class of one's own, its code as well."""
    makers = choose_doors(mode)
    each = _split_options(tuple(makers), dict(given))
    found = {name: {"adaptive": False, **complete_options(make, each[name])} for name, make in makers.items()}
    for name in list_own_doors(makers):
        found[name]["class"] = makers[name]
    for options in found.values():
        options.pop("seed", None)  # the run's own
    return found


def list_own_doors(names: Iterable[str]) -> list[str]:
    """Those of some doors' names that no built-in door has."""
    return [name for name in names if name not in _DOORS]


def choose_doors(mode: object) -> dict[str, Callable[..., Door]]:
    """Name -> what makes the door, in the order in which they act."""
    modes = tuple(mode) if isinstance(mode, (list, tuple)) else (mode,)
    named = [_choose_door(one) for one in modes]
    makers = dict(named)
    if not makers or len(makers) < len(modes):
        raise ValueError(
            f"mode={quote_value(mode)} came. Expected one door or several different ones; type mode=('entity', 'memory')."
        )
    return makers


def _choose_door(mode: object) -> tuple[str, Callable[..., Door]]:
    if not isinstance(mode, type):
        expect_choice("mode", mode, tuple(_DOORS))
        return str(mode), _DOORS[str(mode)]
    if not issubclass(mode, Door) or inspect.isabstract(mode):
        raise TypeError(
            f"mode got {describe_kind(mode)}, which is no door. Type one of {', '.join(map(repr, _DOORS))}, or a subclass of "
            "kgwb.bert.Door that defines enters_at."
        )
    name = getattr(mode, "name", None)
    if not isinstance(name, str) or not name.isidentifier() or name in _DOORS:
        raise ValueError(
            f"The door {mode.__name__} is named {name!r}. It needs a word of its own, which no built-in door has; type in "
            f'its class: name = "{mode.__name__.lower()}".'
        )
    return name, mode


def _complete(bert: Bert, vectors: EntityVectors) -> tuple[EntityVectors, tuple[int, ...]]:
    """Entities without a vector get one from their label, where some have been trained and others not."""
    if not list_gaps(vectors):
        return vectors, ()
    complete = fill_missing_vectors(bert, vectors)
    log.info(
        "%d of %d entities had no vector and were given one from their label: %s ...",
        len(complete.filled),
        len(complete.table),
        ", ".join(vectors.graph.labels[entity] for entity in complete.filled[:3]),
    )
    return complete, tuple(int(entity) for entity in complete.filled)


def _split_options(names: tuple[str, ...], options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The options of each door; where there are several, each has a dict of its own."""
    if len(names) == 1:
        return {names[0]: options}
    for name, given in options.items():
        if name not in names or not isinstance(given, dict):
            raise TypeError(
                f"{name}={quote_value(given)} came for the doors {', '.join(names)}. Expected a dict of options for each "
                f"door; type {names[-1]}={{...}}."
            )
    return {name: options.get(name, {}) for name in names}
