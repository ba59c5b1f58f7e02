"""What a task has learnt on top of BERT: a linear map to its labels, with all that predicting needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.functional import linear

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_text
from kgwb.fingerprints import fingerprint
from kgwb.graph import KnowledgeGraph
from kgwb.words import quote_value

Label: TypeAlias = str | int
_CALL = "kgwb.bert.TaskHead('text classes', ['bad', 'good'], 384)"


class TaskHead(nn.Module):
    """The labels of a task and a linear map to them, which a model keeps in `model.heads` and saves.

    logits = W x + b; which x, taken from BERT's hidden states, is up to the kind of task. Both start from zero, so that
    every label is as probable as any other.

    Args:
        kind: of task, which says how a text is read and answered: "text classes".
        labels: what may be answered; each differs from all others.
        width: how many numbers x has; with 0, the logits are the kind's own, and b is added to them.
        settings: what else predicting needs: names of columns, a pattern, all that JSON holds, and graphs.

    Raises:
        ValueError: for no label, or one that comes twice.
        TypeError: for a label that is neither a text nor a whole number.

    Example:
        >>> TaskHead("text classes", ["bad", "good"], 4)(torch.ones(1, 4))
        tensor([[0., 0.]], grad_fn=<AddmmBackward0>)
    """

    def __init__(
        self, kind: str, labels: Sequence[Label], width: int, settings: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        expect_text("kind", kind, usual="text classes")
        labels = expect_each(labels, (str, int), "A label, a text or a whole number,", call=_CALL)
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(f"labels={quote_value(labels)} came. Expected at least one, each once; type {_CALL}.")
        expect_at_least("width", width, 0, whole=True)
        expect_kind(settings, (Mapping, type(None)), "A mapping of settings", call=_CALL)
        self.kind = kind
        self.labels = tuple(labels)
        self.settings = dict(settings or {})
        self.weight = nn.Parameter(torch.zeros(len(labels), width))  # [label, width]
        self.bias = nn.Parameter(torch.zeros(len(labels)))

    def forward(self, inputs: Float[Tensor, "unit width"]) -> Float[Tensor, "unit label"]:
        return linear(inputs, self.weight, self.bias)

    def describe(self) -> dict[str, Any]:
        """All that the head was made from, for JSON."""
        graphs = {name: describe_graph(graph) for name, graph in self.graphs.items()}
        settings = {name: value for name, value in self.settings.items() if name not in graphs}
        made: dict[str, Any] = {"kind": self.kind, "labels": list(self.labels), "width": self.weight.shape[1]}
        made["settings"] = settings
        if graphs:
            made["graphs"] = graphs
        return made

    @property
    def graphs(self) -> dict[str, KnowledgeGraph]:
        """The settings that are graphs, which are saved as tables."""
        return {name: value for name, value in self.settings.items() if isinstance(value, KnowledgeGraph)}

    def extra_repr(self) -> str:
        return f"{self.kind!r}, {len(self.labels)} labels, width={self.weight.shape[1]}"


def describe_graph(graph: KnowledgeGraph) -> dict[str, Any]:
    """What tells a graph from others, for JSON: its name, its notes, and a fingerprint of its names and facts."""
    names = [graph.entities[column].tolist() for column in graph.entities.columns if column.startswith("label")]
    told = [graph.entities[column].tolist() for column in ("type", "description", "aliases")]
    whole = fingerprint([graph.fingerprint, names, told, graph.relation_labels, graph.triples])
    return {"name": graph.name, "notes": [list(note) for note in graph.notes], "fingerprint": whole}


def show_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they can be compared and printed."""
    return {
        name: describe_graph(value) if isinstance(value, KnowledgeGraph) else value for name, value in settings.items()
    }


def restore_heads(
    described: Mapping[str, Mapping[str, Any]],
    tensors: Mapping[str, Tensor],
    graphs: Mapping[str, Mapping[str, KnowledgeGraph]],
) -> nn.ModuleDict:
    """The heads of a saved model.

    Args:
        described: by name, what `TaskHead.describe` said.
        tensors: their weights.
        graphs: by name, the settings that are graphs.

    Raises:
        ValueError: if the tensors, or the graphs, are not those of the heads.
    """
    heads = nn.ModuleDict()
    for name, made in described.items():
        own = dict(graphs.get(name, {}))
        if {each: describe_graph(graph) for each, graph in own.items()} != made.get("graphs", {}):
            raise ValueError(f"the graph of the head {name!r} is not read as it was written")
        heads[name] = TaskHead(made["kind"], made["labels"], made["width"], {**made["settings"], **own})
    missing = heads.state_dict().keys() ^ tensors.keys()
    if missing:
        raise ValueError(f"{min(missing)} is on one side only. Type model.save(folder) to save the model anew.")
    # Out of the file's memory: where in it a weight lies decides the last bit of a product.
    heads.load_state_dict({name: tensor.clone() for name, tensor in tensors.items()})
    return heads


def expect_head_name(name: object) -> None:
    """A word under which `model.heads` can keep a head.

    Raises:
        ValueError: it is none; the message says what to type.
    """
    if not isinstance(name, str) or not name.isidentifier() or hasattr(nn.ModuleDict, name):
        raise ValueError(
            f"name={quote_value(name)} came. It must be a word of letters, digits and _; type name='mood'."
        )
