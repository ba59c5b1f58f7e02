"""What doors were made from, for whoever asks later whether two of them are the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from kgwb.bert.added import list_base_weights
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.shape import Shape
from kgwb.fingerprints import fingerprint, hash_tensors

# Of a configuration: who wrote it, how weights began, and what an output holds.
_TRIFLES = {"_name_or_path", "transformers_version", "architectures", "dtype", "torch_dtype", "initializer_range"}
_TRIFLES |= {"id2label", "label2id", "problem_type", "return_dict", "use_cache", "gradient_checkpointing"}
_TRIFLES |= {"output_attentions", "output_hidden_states"}


@dataclass(frozen=True, eq=False)
class Origin:
    """What the doors of an injector were made from.

    Attributes:
        shape: of the BERT that they were made for.
        sizes: numbers per entity, numbers per relation.
        vectors: fingerprint of the vectors, before any was made up or a control took knowledge away.
        facts: fingerprint of the graph's facts, before any was edited.
        bert: Hugging Face's model, in which they stand.
        additions: what was added to it.
        knowledge: a copy of what they were made from, where one of them is a class of the user's own.
    """

    shape: Shape
    sizes: tuple[int, int]
    vectors: str
    facts: str
    bert: nn.Module
    additions: nn.ModuleDict
    knowledge: Knowledge | None = None

    @property
    def weights(self) -> str:
        """Fingerprint of BERT's weights as they are now, those of additions included."""
        states = list_base_weights(self.bert, self.additions), self.additions.state_dict()
        return hash_tensors(state[name] for state in states for name in sorted(state))


def describe_config(bert: nn.Module) -> dict[str, Any]:
    """What decides how a model computes beside its weights: heads, norms, dropout; not where it came from."""
    config: Any = bert.config
    return {name: value for name, value in config.to_dict().items() if name not in _TRIFLES}


def note_origin(
    known: Knowledge, given: Knowledge, shape: Shape, bert: nn.Module, additions: nn.ModuleDict, *, keep: bool
) -> Origin:
    """What to remember of doors.

    Args:
        known: the vectors and facts as they came.
        given: what the doors were made from.
        shape: of the BERT.
        bert: Hugging Face's model.
        additions: what was added to it.
        keep: keep a copy of what they were made from.
    """
    sizes = (given.entities.shape[1], given.relations.shape[1])
    copied = replace(given, entities=given.entities.clone(), relations=given.relations.clone()) if keep else None
    vectors = fingerprint([known.entities, known.relations])
    return Origin(shape, sizes, vectors, fingerprint(known.facts), bert, additions, copied)
