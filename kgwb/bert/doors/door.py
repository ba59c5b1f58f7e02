"""What every door into BERT has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.facts import Facts, edit_facts
from kgwb.bert.knowledge import Knowledge
from kgwb.graph import KnowledgeGraph

if TYPE_CHECKING:
    from kgwb.bert.doors.beside import Inserted
    from kgwb.bert.encoding import Encoding
    from kgwb.bert.passage import Passage

Hidden = Float[Tensor, "sentence token width"]
Heads = Float[Tensor, "sentence head token part"]
Weights = Float[Tensor, "sentence head query key"]


class Injector(nn.Module, ABC):
    """A door into BERT: it changes what BERT computes where a sentence names an entity.

    A fresh injector is closed: exactly one factor of each path is zero, so that BERT's output is untouched, bit for
    bit, and the first gradient already knows which way to open. A door acts at one or several places; each method
    below is one, and leaves what it is given as it is unless the door says otherwise.

    Attributes:
        mode: the door's name.
        graph: the graph whose entities it knows.
        control: which knowledge was taken away, or None for the real thing.
        filled: the entities that had no vector and were given one from their label.
    """

    identity: Tensor
    triples: Tensor

    def __init__(self, knowledge: Knowledge, mode: str, *, reads_facts: bool = False) -> None:
        super().__init__()
        self.mode = mode
        self.graph: KnowledgeGraph = knowledge.graph
        self.control = knowledge.control
        self.register_buffer("identity", knowledge.identity, persistent=True)
        self.register_buffer("triples", knowledge.facts[: len(knowledge.facts) * reads_facts], persistent=True)
        self._reads_facts = reads_facts
        self._is_on = True
        self.filled: tuple[int, ...] = ()

    @property
    def reads_facts(self) -> bool:
        """Whether it looks facts up, so that they can be edited."""
        return self._reads_facts

    @property
    def facts(self) -> Int[Tensor, "fact 3"]:
        """The triples that it looks up, (head, relation, tail)."""
        return self.triples

    def sort_facts(self) -> None:
        """Make the facts ready to be looked up; called whenever they change."""

    def add(self, triples: Facts) -> None:
        """Let it read more facts, from now on and without training."""
        edit_facts(self, added=triples)

    def withdraw(self, triples: Facts) -> None:
        """Take facts away, from now on and without training.

        Raises:
            ValueError: if one is not there.
        """
        edit_facts(self, withdrawn=triples)

    def replace(self, old: Facts, new: Facts) -> None:
        """Put new facts in the place of old ones, from now on and without training."""
        edit_facts(self, withdrawn=old, added=new)

    @property
    def pace(self) -> float:
        """How fast its weights may learn, beside those of a single linear map."""
        return 1.0

    @property
    def parts(self) -> tuple[Injector, ...]:
        """The doors it is made of: itself, unless it joins several."""
        return (self,)

    @property
    def touched_layers(self) -> tuple[int, ...]:
        """The layers after which it changes the hidden states."""
        return ()

    @property
    def touched_attention(self) -> tuple[int, ...]:
        """The layers in whose attention it takes part."""
        return ()

    def prepare(self, encoding: Encoding) -> Any:
        """What this door needs to know of a batch, once per pass."""
        return None

    def at_input(self, embeddings: Hidden, passage: Passage) -> Hidden:
        """The word embeddings that BERT starts from."""
        return embeddings

    def insert(self, passage: Passage) -> Inserted | None:
        """Vectors that travel beside the words, from the first layer to the last."""
        return None

    def after_layer(self, layer: int, hidden: Hidden, passage: Passage) -> Hidden:
        """The hidden states that leave a layer."""
        return hidden

    def change_scores(self, layer: int, query: Heads, scores: Weights, passage: Passage) -> Weights:
        """Attention scores, before the softmax."""
        return scores

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, passage: Passage
    ) -> tuple[Weights, Heads]:
        """Attention weights, and what they gathered."""
        return weights, output

    def score_entities(
        self, hidden: Float[Tensor, "row width"], entities: Int[Tensor, "row candidate"]
    ) -> Float[Tensor, "row candidate"] | None:
        """What it adds to the score of entities as answers at a mask; −1 is nobody."""
        return None

    @abstractmethod
    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """The word pieces at which something enters."""

    @property
    @abstractmethod
    def gate(self) -> float:
        """How far the door is open: 0 closed, 1 wide open."""

    @property
    def is_on(self) -> bool:
        """Whether the door is in use."""
        return self._is_on

    @contextmanager
    def off(self) -> Iterator[None]:
        """Plain BERT for the length of a `with` block, bit for bit, trained or not."""
        before, self._is_on = self._is_on, False
        try:
            yield
        finally:
            self._is_on = before

    def who(self, encoding: Encoding) -> Int[Tensor, "sentence token"]:
        """Whose knowledge each word piece is given, −1 where none."""
        named = encoding.entities >= 0
        return self.identity[encoding.entities.clamp_min(0)].masked_fill(~named, -1)

    def save(self, folder: str | Path) -> Path:
        """Write the door, without BERT, to a folder, and return the folder."""
        from kgwb.bert.doors.storage import save_injector

        return save_injector(self, Path(folder))

    def load(self, folder: str | Path) -> None:
        """Put saved weights into this door, which must have been made as the saved one was.

        Raises:
            InjectorFileError: if the folder holds no door, another kind of door, or one for another graph.
        """
        from kgwb.bert.doors.storage import load_injector

        load_injector(self, Path(folder))
