"""What speaks for an entity that a mention may name: its renown, and the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.encoding import encode_sentences
from kgwb.bert.linking.coherence import Choices, Neighbourhoods
from kgwb.graph import KnowledgeGraph, Sentence

if TYPE_CHECKING:
    from kgwb.bert.model import Bert

_NEIGHBOURS_TOLD = 8
_PIECES_TOLD = 64
_BATCH = 64


def weigh_renown(graph: KnowledgeGraph, choices: Choices, spelt: Sequence[str]) -> Float[np.ndarray, " candidate"]:
    """What can be said before reading: half for how well connected an entity is, half for a label spelt to the letter.

    ½ log(1 + degree) / log(1 + largest degree) + ½ [the mention is one of the entity's labels, case and accents too]

    Args:
        graph: whose entities they are.
        choices: the candidates.
        spelt: the text of each mention.
    """
    renown = np.log1p(graph.degrees) / max(float(np.log1p(graph.degrees.max())), 1.0)
    columns = [column for column in graph.entities.columns if column == "label" or column.startswith("label_")]
    labels = [set(names) for names in zip(*(graph.entities[column] for column in columns), strict=True)]
    text = [" ".join(each.split()) for each in spelt]
    same = [text[m] in labels[e] for e, m in zip(choices.entity.tolist(), choices.mention.tolist(), strict=True)]
    return 0.5 * renown[choices.entity] + 0.5 * np.asarray(same, dtype=np.float64)


def weigh_context(
    graph: KnowledgeGraph, choices: Choices, sentences: Sequence[str | Sentence], bert: Bert
) -> Float[np.ndarray, " candidate"]:
    """How near the sentence lies to what the graph tells of a candidate: the cosine of BERT's mean hidden states, or 0.

    Told are the label, the description (else the type), and the labels of the eight least connected neighbours, of
    which BERT reads the first 64 word pieces. An injector does not take part.

    Args:
        graph: whose entities they are.
        choices: the candidates.
        sentences: the texts.
        bert: reads both.

    Raises:
        ValueError: if a sentence is longer than BERT's position table.
    """
    read, sentence = np.unique(choices.sentence, return_inverse=True)
    told, entity = np.unique(choices.entity, return_inverse=True)
    here = encode_sentences(bert, [sentences[i] for i in read], mentions=[()] * len(read))
    cut = bert.tokenizer(
        tell_entities(graph, told), padding=True, truncation=True, max_length=_PIECES_TOLD, return_tensors="pt"
    )
    context = _average_states(bert, here.pieces, here.is_token)
    known = _average_states(bert, cut["input_ids"], cut["attention_mask"].bool())
    return np.clip((context[sentence] * known[entity]).sum(1).double().numpy(), 0.0, 1.0)


def tell_entities(graph: KnowledgeGraph, entities: Int[np.ndarray, " entity"]) -> list[str]:
    """A line about each entity: label, description (else type), and its least connected neighbours.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> tell_entities(KnowledgeGraph.from_pandas(facts), np.array([0]))
        ['France: Paris']
    """
    near = Neighbourhoods.of(graph)
    table, told = graph.entities, []
    for entity in entities.tolist():
        around = near.around(entity)
        rarest = around[np.lexsort((around, graph.degrees[around]))]
        names = [graph.labels[i] for i in rarest if i != entity][:_NEIGHBOURS_TOLD]
        said = table["description"][entity] or table["type"][entity]
        told.append(", ".join(filter(None, [graph.labels[entity], said])) + (f": {', '.join(names)}" if names else ""))
    return told


@torch.no_grad()
def _average_states(
    bert: Bert, pieces: Int[Tensor, "text token"], is_token: Bool[Tensor, "text token"]
) -> Float[Tensor, "text width"]:
    """The mean of BERT's last hidden states over each text, as vectors of length one, on the CPU."""
    was_training = bert.training
    bert.eval()
    rows = is_token.sum(1).argsort(stable=True)
    means = []
    for batch in rows.split(_BATCH):
        real = is_token[batch, : int(is_token[batch].sum(1).max())].to(bert.device)
        ids = pieces[batch, : real.shape[1]].to(bert.device)
        states = bert.model.base_model(input_ids=ids, attention_mask=real.long()).last_hidden_state
        means.append((states * real[..., None]).sum(1).float().cpu())  # a direction needs no division
    bert.train(was_training)
    return torch.nn.functional.normalize(torch.cat(means)[rows.argsort()], dim=1)
