"""A door into BERT: where it may act, and what holds for every door."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.gate import Gate
from kgwb.bert.doors.nearby_facts import NearbyFacts
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.trace import Heads, Hidden, Inserted, InsertedView, Trace, Weights
from kgwb.graph.building import sort_triples


@runtime_checkable
class TextReader(Protocol):
    """BERT as a door meets it: plain, before the door is in it.

    Attributes:
        mask: the id of its mask.
        marks: the ids of all its special pieces.
    """

    mask: int
    marks: tuple[int, ...]

    def __call__(self, texts: Sequence[str]) -> tuple[Encoding, Sequence[Hidden]]:
        """The texts as word pieces, and the hidden states after the embeddings and after each layer."""


class Door(nn.Module, ABC):
    """A door into BERT: it changes what BERT computes where a sentence names an entity.

    A fresh door is closed: exactly one factor of each path is zero, so that BERT's output is untouched, bit for bit, and
    the first gradient already knows which way to open. Each method below is one place where a door may act, and leaves
    what it is given as it is unless the door says otherwise; `after_layer` is called for the `touched_layers`,
    `change_scores` and `change_output` for the layers in `touched_attention`. Whose vector a word piece is given, a door asks
    `entities_at`: a shuffled control answers with another entity. How far it stood open it notes with `trace.note_gate`. A
    door is built as `Mine(knowledge, shape, adaptive=...,
    seed=..., **options)`, where `shape` is a `Shape`; `kgwb.inject(bert, vectors, mode=Mine)` does that.

    Attributes:
        name: what it is called in `mode`, in the model's name and in a reading's gates.
        control: which knowledge was taken away, or None for the real thing.
        identity: whose knowledge each entity is given, [entity].
        facts: the triples that it looks up, [fact, 3]; none unless it reads facts.
        reads_facts: whether it looks facts up, so that they can be edited.
        sized_by_folder: tensors of which a saved door may hold more rows, or fewer, than a fresh one.

    Args:
        knowledge: what the graph knows.
        reads_facts: whether the door looks its facts up.
    """

    name: str
    sized_by_folder: ClassVar[tuple[str, ...]] = ("facts",)
    identity: Tensor
    facts: Tensor

    def __init__(self, knowledge: Knowledge, *, reads_facts: bool = False) -> None:
        super().__init__()
        if not isinstance(getattr(type(self), "name", None), str):
            call = f'name = "{type(self).__name__.removesuffix("Door").lower()}"'
            raise TypeError(f"The door {type(self).__name__} has no name. Type in its class: {call}.")
        self.control = knowledge.control
        self.reads_facts = reads_facts
        self.register_buffer("identity", knowledge.identity, persistent=True)
        # Each once and in order, as after an edit: a control deals some out twice.
        facts = sort_triples(knowledge.facts[: len(knowledge.facts) * reads_facts].numpy(), distinct=True)
        self.register_buffer("facts", torch.from_numpy(facts.copy()), persistent=True)

    def note_options(self, given: Mapping[str, Any]) -> None:
        """Remember what it was made with; `inject` calls this, the defaults included."""
        self._given = {name: (value, getattr(self, name, None)) for name, value in given.items()}

    @property
    def made_with(self) -> dict[str, Any]:
        """Every option of the door, as it is now: a default that BERT decided, and an attribute changed since, count."""
        given: dict[str, tuple[Any, Any]] = vars(self).get("_given", {})
        return {name: _resolve(value, before, getattr(self, name, None)) for name, (value, before) in given.items()}

    @abstractmethod
    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """The word pieces at which something enters."""

    @property
    def gate(self) -> float:
        """How far it is open, 0 closed and 1 wide open: |tanh(α)| of the widest of its gates, whose sign is free."""
        found = [module.openness for module in self.modules() if isinstance(module, Gate)]
        if not found:
            raise NotImplementedError(
                f"{type(self).__name__} holds no Gate. Give it one, or a property `gate` of its own."
            )
        return max(found)

    @property
    def touched_layers(self) -> tuple[int, ...]:
        """The layers after which it changes the hidden states."""
        return ()

    @property
    def touched_attention(self) -> tuple[int, ...]:
        """The layers in whose attention it takes part."""
        return ()

    @property
    def learning_rate_factor(self) -> float:
        """How fast its weights learn, beside those of a single linear map."""
        return 1.0

    def meet(self, read: TextReader) -> None:
        """Read what it needs to know of BERT itself; called once, by `inject`."""

    def learn_wordings(self, encoding: Encoding, hidden: Sequence[Hidden], relations: Int[Tensor, " sentence"]) -> None:
        """Take up how sentences say relations; called before the first step of tuning, for sentences that are tuned on."""

    def index_facts(self) -> None:
        """Make the facts ready to be looked up; called whenever they change."""

    def find_facts(self, encoding: Encoding) -> Int[Tensor, "batch slot"] | None:
        """The fact in each slot that attention may read, as row of `facts`, −1 at padding; None for a door without slots.

        One row stands for all sentences where all read the same facts.
        """
        return None

    def look_up(self, encoding: Encoding) -> NearbyFacts | None:
        """The facts that it reads for each sentence, and how many did not fit; None for a door that does not list them."""
        return None

    def prepare(self, encoding: Encoding) -> Any:
        """What it needs to know of a batch, once per pass; it finds it in `trace.prepared[self]`."""
        return None

    def at_input(self, embeddings: Hidden, trace: Trace) -> Hidden:
        """The word embeddings that BERT starts from."""
        return embeddings

    def insert(self, trace: Trace) -> Inserted | None:
        """Vectors that travel behind the words, from the first layer to the last."""
        return None

    def read_inserted(
        self, layer: int, query: Heads, scores: Weights, view: InsertedView, output: Heads
    ) -> tuple[Float[Tensor, "sentence head query 1"], Float[Tensor, "sentence head query extra"], Heads]:
        """The share of attention that goes to the vectors it inserted, in all and for each, and the output with it."""
        raise NotImplementedError(f"{type(self).__name__} inserts vectors, and does not say how words read them.")

    def after_layer(self, layer: int, hidden: Hidden, trace: Trace) -> Hidden:
        """The hidden states that leave a layer."""
        return hidden

    def change_scores(self, layer: int, query: Heads, scores: Weights, trace: Trace) -> Weights:
        """Attention scores, before the softmax."""
        return scores

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, trace: Trace
    ) -> tuple[Weights, Heads]:
        """Attention weights, and what they gathered."""
        return weights, output

    def score_entities(
        self, hidden: Float[Tensor, "row width"], entities: Int[Tensor, "row candidate"], trace: Trace
    ) -> Float[Tensor, "row candidate"] | None:
        """What it adds to the score of entities as answers at a mask; −1 is no entity. None for a door that adds nothing."""
        return None

    def loss_at_mask(self, answers: Int[Tensor, " row"], trace: Trace) -> Float[Tensor, ""] | None:
        """What it wants to learn beside the right answers, as a loss; None for a door that wants nothing."""
        return None

    def entities_at(self, encoding: Encoding) -> Int[Tensor, "sentence token"]:
        """The entity whose knowledge each word piece is given, −1 where it names none."""
        named = encoding.entities >= 0
        return self.identity[encoding.entities.clamp_min(0)].masked_fill(~named, -1)

    def extra_repr(self) -> str:
        return f"gate={self.gate:.3f}, control={self.control}"


def _resolve(given: Any, before: Any, now: Any) -> Any:
    """The option behind an attribute of the same name, where it holds one."""
    is_option = now is not None and isinstance(now, (bool, int, float, str, tuple))
    return now if is_option and (given is None or type(now) is not type(before) or now != before) else given
