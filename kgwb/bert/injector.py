"""The injector of a BERT: its doors, and what stands above them: switching them off, editing their facts, saving them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.door import Door
from kgwb.bert.encoding import Encoding
from kgwb.bert.fact_ids import FactIds, read_fact_ids
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.origin import Origin, describe_config
from kgwb.bert.recipes import compare_recipes, compare_shapes
from kgwb.bert.saving import InjectorFileError as InjectorFileError
from kgwb.bert.saving import read_doors, write_doors
from kgwb.bert.shuffling import count_kept
from kgwb.bert.trace import Switch, Trace
from kgwb.checks import expect_path
from kgwb.fingerprints import fingerprint, show_value
from kgwb.graph import KnowledgeGraph
from kgwb.words import count_things

log = logging.getLogger(__name__)


class Injector(nn.Module):
    """One door or several, which act one after the other in the same pass.

    Attributes:
        doors: in the order in which they act, an `nn.ModuleList`.
        graph: the graph whose entities they know.
        control: which knowledge was taken away, or None for the real thing.
        filled: the entities that had no vector and were given one from their label.

    Args:
        knowledge: what the doors were built from.
        doors: at least one.
        filled: see above.
        origin: what the doors were made from, for whoever saves them.
    """

    doors: Sequence[Door]  # an nn.ModuleList, of whose members mypy would know nothing

    def __init__(
        self,
        knowledge: Knowledge,
        doors: Sequence[Door],
        *,
        filled: Sequence[int] = (),
        origin: Origin | None = None,
    ) -> None:
        super().__init__()
        self.add_module("doors", nn.ModuleList(doors))
        self.graph: KnowledgeGraph = knowledge.graph
        self.control = knowledge.control
        self.filled = tuple(filled)
        self._switch = Switch()
        self._origin = origin

    @property
    def mode(self) -> str:
        """The names of its doors: "entity", or "entity+memory"."""
        return "+".join(door.name for door in self.doors)

    @property
    def is_on(self) -> bool:
        """Whether the doors are in use, in this thread."""
        return self._switch.is_on.get()

    @contextmanager
    def off(self) -> Iterator[None]:
        """Plain BERT for the length of a `with` block, bit for bit, trained or not.

        It holds for the thread (or asyncio task) of the block: in others the doors stay as they are. A thread started
        within the block takes it over if it runs in a copy of its context, as `asyncio.to_thread` does.
        """
        before = self.is_on
        self._switch.is_on.set(False)
        try:
            yield
        finally:
            self._switch.is_on.set(before)

    @property
    def kept(self) -> int | None:
        """How many facts of the graph a control's doors still state; None for the real thing, which states them all."""
        if self.control is None:
            return None
        readers = [door for door in self.doors if door.reads_facts]
        tables = ((door.facts.cpu().numpy(), door.identity.cpu().numpy()) for door in readers)
        return max((count_kept(self.graph.triples, *each) for each in tables), default=0)

    @property
    def gate(self) -> float:
        """How far the widest of its doors is open: 0 closed, 1 wide open."""
        return max(door.gate for door in self.doors)

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """The word pieces at which something enters, wherever one of the doors acts."""
        return torch.stack([door.enters_at(encoding) for door in self.doors]).any(0)

    def score_entities(
        self, hidden: Float[Tensor, "row width"], entities: Int[Tensor, "row candidate"], trace: Trace
    ) -> Float[Tensor, "row candidate"] | None:
        """What the doors add to the score of entities as answers at a mask; −1 is no entity. None if they add nothing.

        Args:
            hidden: what the last layer holds at each mask.
            entities: the candidates.
            trace: of the pass that gave `hidden`.
        """
        return _add_up(door.score_entities(hidden, entities, trace) for door in self.doors)

    def loss_at_mask(self, answers: Int[Tensor, " row"], trace: Trace) -> Float[Tensor, ""] | None:
        """What the doors want to learn beside the right answers, as a loss; None if they want nothing."""
        return _add_up(door.loss_at_mask(answers, trace) for door in self.doors)

    @property
    def facts(self) -> Int[Tensor, "fact 3"]:
        """The triples, (head, relation, tail), of the first door that looks facts up; none without such a door."""
        return next((door.facts for door in self.doors if door.reads_facts), self.doors[0].facts)

    def expect_facts(self) -> list[Door]:
        """The doors that look facts up.

        Raises:
            TypeError: if there are none.
        """
        doors = [door for door in self.doors if door.reads_facts]
        if not doors:
            raise TypeError(
                f"The {self.mode} door reads vectors, not facts, so none can be edited. Type kgwb.inject(bert, vectors, "
                "mode='memory')."
            )
        return doors

    def add(self, triples: FactIds) -> None:
        """Let the doors read more facts, from now on and without training."""
        self._edit(added=triples)

    def withdraw(self, triples: FactIds) -> None:
        """Take facts away, from now on and without training.

        Raises:
            ValueError: if one is not there.
        """
        self._edit(withdrawn=triples)

    def replace(self, old: FactIds, new: FactIds) -> None:
        """Put new facts in the place of old ones, from now on and without training."""
        self._edit(withdrawn=old, added=new)

    @contextmanager
    def without_facts(self, triples: FactIds) -> Iterator[None]:
        """The doors without some of their facts for the length of a `with` block.

        Raises:
            TypeError: if no door looks facts up.
            ValueError: if one is not there.
        """
        before = {door: door.facts for door in self.expect_facts()}
        self._edit(withdrawn=triples)
        try:
            yield
        finally:
            for door, facts in before.items():
                _give_facts(door, facts)

    def _edit(self, *, withdrawn: FactIds = (), added: FactIds = ()) -> None:
        """Change the facts of each door that looks facts up; the log counts those added that stood there already.

        Raises:
            TypeError: if none does.
            ValueError: for ids outside the graph, or a fact to withdraw that is not there; nothing has changed then.
        """
        doors = self.expect_facts()
        gone, new = read_fact_ids(self.graph, withdrawn), read_fact_ids(self.graph, added)
        left = [_leave_out(door, gone, self.graph) for door in doors]
        distinct = new.unique(dim=0)
        changed = [torch.cat([facts, distinct.to(facts.device)]).unique(dim=0) for facts in left]
        again = max(len(facts) + len(distinct) - len(both) for facts, both in zip(left, changed, strict=True))
        if again:
            log.warning(
                "%s stood there already: each stands once, so withdrawing it takes it away altogether.",
                count_things(again, "added fact"),
            )
        for door, facts in zip(doors, changed, strict=True):
            _give_facts(door, facts)

    def save(self, folder: str | Path) -> Path:
        """Write the doors to a folder, and return it; doors that it holds are replaced whole.

        What BERT itself learnt is left out, and the log says so: tuning changes its head and top layers too, and answers
        depend on both. `model.save(folder)` keeps all of it.
        """
        folder = expect_path(folder, call="model.injector.save('door')")
        write_doors(folder, self.state_dict(), self.recipe)
        log.warning(
            "%s holds the %s door alone. BERT's head and layers, which tuning changes too, are not in it: "
            "model.save(folder) keeps all.",
            folder,
            self.mode,
        )
        return folder

    def load(self, folder: str | Path) -> None:
        """Put saved weights and facts into these doors, which must have been made as the saved ones were.

        Where BERT is not the one that the saved doors stood in, the log says so.

        Raises:
            InjectorFileError: if the folder holds no door, one that was made otherwise, or one for another graph.
        """
        folder = expect_path(folder, call="model.injector.load('door')")
        saved, state = read_doors(folder)
        compare_recipes(folder, saved, self.recipe)
        self.restore(folder, state)
        own = self.recipe
        for part, what in (("bert", "weights"), ("config", "configuration")):
            if saved.get(part, own[part]) != own[part]:
                log.warning(
                    "The door in %s was saved beside a BERT of other %s: a tuned head and tuned layers are no part of it. "
                    "Save and load the model whole: model.save(folder), kgwb.load_bert(folder).",
                    *(folder, what),
                )

    def restore(self, folder: Path, state: Mapping[str, Tensor]) -> None:
        """Take the tensors of doors that were made from the same recipe."""
        # Facts may have been edited since the door was made: how many there are is no part of its shape.
        sized = [(i, door, name) for i, door in enumerate(self.doors) for name in _list_sized(door)]
        compare_shapes(folder, state, self.state_dict(), {f"doors.{i}.{name}" for i, _, name in sized})
        for i, door, name in sized:
            setattr(door, name, torch.empty_like(state[f"doors.{i}.{name}"], device=door.identity.device))
        self.load_state_dict(state)
        for door in self.doors:
            door.index_facts()

    @property
    def origin(self) -> Origin | None:
        """What the doors were made from; None where `inject` did not make them."""
        return self._origin

    @property
    def recipe(self) -> dict[str, Any]:
        """All that decides what the doors are, but for what they learnt; of BERT's weights the fingerprint."""
        origin = self._origin
        return {
            "mode": self.mode,
            "control": self.control,
            "graph": self.graph.fingerprint,
            "facts": origin and origin.facts,
            "vectors": origin and origin.vectors,
            "filled": fingerprint(self.filled),
            "doors": {door.name: show_value(door.made_with) for door in self.doors},
            "bert": origin and origin.weights,
            "config": origin and fingerprint(describe_config(origin.bert)),
        }

    def extra_repr(self) -> str:
        kept = "" if self.control is None else f", still true: {self.kept:,} of {count_things(len(self.graph), 'fact')}"
        return f"mode={self.mode!r}, gate={self.gate:.3f}, control={self.control}{kept}"


def _add_up(parts: Iterable[Tensor | None]) -> Tensor | None:
    """The sum of those that are there; None if none is."""
    there = [part for part in parts if part is not None]
    return torch.stack(there).sum(0) if there else None


def _give_facts(door: Door, facts: Int[Tensor, "fact 3"]) -> None:
    door.facts = facts
    door.index_facts()


def _list_sized(door: Door) -> list[str]:
    """Its tensors that a folder may hold in another size; facts only where they can be edited."""
    return [name for name in door.sized_by_folder if name != "facts" or door.reads_facts]


def _leave_out(door: Door, gone: Int[Tensor, "gone 3"], graph: KnowledgeGraph) -> Int[Tensor, "kept 3"]:
    same = (door.facts[:, None] == gone.to(door.facts.device)[None]).all(-1)  # [fact, gone]
    missing = (~same.any(0)).nonzero()[:, 0].tolist()
    if missing:
        head, relation, tail = gone[missing[0]].tolist()
        fact = (graph.labels[head], graph.relation_labels[relation], graph.labels[tail])
        raise ValueError(f"The {door.name} door holds no fact {fact!r}. Its facts stand in model.injector.facts.")
    return door.facts[~same.any(1)]
