"""Sentences about a few towns, BERT with a door opened to vectors for them, and the texts that a picture holds."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import torch

from kgwb.bert import Bert, inject
from kgwb.embed import GraphEmbedding

FACTS = [("Paris", "capital of", "France"), ("Lyon", "city in", "France"), ("Rome", "capital of", "Italy")]
TEXTS = ["Paris and Lyon lie in France.", "Rome is in [MASK].", "Nothing is named."]


def open_door(bert: Bert, vectors: GraphEmbedding, mode: Any, options: dict[str, Any]) -> Bert:
    """BERT with its door half open, as if it had been trained."""
    model = inject(bert, vectors, mode=mode, **options)
    with torch.no_grad():
        for parameter in model.injector.parameters():
            if parameter.ndim == 0:
                parameter.fill_(0.7)
    return model


def read_texts(svg: str) -> list[str]:
    """Every text of a picture."""
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
