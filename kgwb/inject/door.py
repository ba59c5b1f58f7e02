"""One call for every door."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args, runtime_checkable

from kgwb.axes import Float, Tensor
from kgwb.embed.errors import expect_choice
from kgwb.graph import KnowledgeGraph
from kgwb.inject.controls import Control, take_knowledge_away
from kgwb.inject.entity import EntityInjector

if TYPE_CHECKING:
    from kgwb.inject.bert import Bert

Mode = Literal["entity"]


@runtime_checkable
class EntityVectors(Protocol):
    """Anything with a graph and one vector per entity of it, such as a `GraphEmbedding`."""

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph whose entities have the vectors."""

    def entity_vectors(self) -> Float[Tensor, "entity dim"]:
        """One vector per entity, by id."""


def inject(
    bert: Bert,
    vectors: EntityVectors,
    *,
    mode: Mode = "entity",
    control: Control | None = None,
    seed: int = 0,
    **options: Any,
) -> Bert:
    """A copy of BERT with a closed door for the vectors: its output is BERT's own until the door is trained.

    Args:
        bert: the model to copy; it is left as it is.
        vectors: entity vectors and their graph.
        mode: which door. "entity" adds W e to the word embeddings of a mention.
        control: the same door without the knowledge: "shuffled", "random" or "matched".
        seed: for the door's first weights and the control's draw.
        **options: of the door: `EntityInjector` takes `pieces` and `strength`.

    Raises:
        ValueError: for an unknown mode or control, or if BERT already has an injector.

    Example:
        >>> import pandas as pd
        >>> from kgwb import ComplEx, GraphEmbedding, load_bert, read
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=8)
        >>> bert = load_bert()
        >>> model = inject(bert, vectors, control="shuffled")
        >>> read(model, "Paris is old.").hidden.equal(read(bert, "Paris is old.").hidden)
        True
    """
    expect_choice("mode", mode, get_args(Mode))
    if bert.injector is not None:
        raise ValueError(
            f"{bert.name!r} already has an injector. Inject into the plain model: kgwb.inject(kgwb.load_bert(...), vectors)."
        )
    table = take_knowledge_away(vectors.entity_vectors().float().cpu(), control, seed=seed)
    words = bert.words.weight.detach().cpu()
    model = copy.deepcopy(bert)
    injector = EntityInjector(vectors.graph, table, words=words, control=control, seed=seed, **options)
    model.injector = injector.to(bert.device)
    model.name = "/".join([bert.name, mode, *([control] if control else [])])
    return model
