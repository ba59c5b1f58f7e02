"""The names of some sentences: those of the graph, linked, and those that the graph lacks (NIL)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from kgwb.bert import Bert, TaskHead, find_mentions, link_mentions
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.errors import UnknownNameError
from kgwb.learn.frames.entity_tags import list_tagged
from kgwb.learn.frames.predicting import predict
from kgwb.words import CHINESE

NIL = -1
# A word, or one Chinese character, or one sign that is no blank.
_TOKEN = re.compile(rf"{CHINESE.pattern}|(?:(?!{CHINESE.pattern})\w)+|[^\w\s]")


@dataclass(frozen=True)
class RecognisedName:
    """Where a sentence names something.

    Attributes:
        start: first character.
        end: one past the last.
        text: the characters themselves.
        entity: its id in the graph; −1 where the graph has none (NIL).
        type: its type in the graph or, of what the graph lacks, as it was tagged; "" where neither says one.
    """

    start: int
    end: int
    text: str
    entity: int
    type: str


def recognise_names(
    model: Bert,
    sentences: Sequence[str | Sentence],
    graph: KnowledgeGraph,
    *,
    tagger: str | None,
    linker: str | None,
    least_link: int | float,
) -> list[list[RecognisedName]]:
    """Find names, and say what each means, or that it means no entity of the graph.

    Mentions that a `Sentence` brings are taken at their word. In other texts the graph's names are found and linked, and
    what the tagger marks beside them is a name that the graph lacks.

    Args:
        model: whose heads tag and link.
        sentences: the texts.
        graph: whose entities they may name.
        tagger: the name of a head of `EntityTags`; None for none.
        linker: the name of a head of `EntityLinks`; None links by `link_mentions`.
        least_link: the score below which `link_mentions` says NIL.

    Returns:
        The names of each sentence, in order, without overlap.
    """
    texts = [each.text if isinstance(each, Sentence) else each for each in sentences]
    types = graph.entities["type"].tolist()
    found: list[list[RecognisedName]] = [[] for _ in texts]
    open_rows = []
    for row, each in enumerate(sentences):
        if isinstance(each, Sentence) and each.mentions:
            found[row] = [name_mention(texts[row], mention, types) for mention in each.mentions]
        else:
            open_rows.append(row)
    rest = [texts[row] for row in open_rows]
    linked = _link_names(model, rest, graph, linker, least_link)
    tagged = _tag_names(model, rest, tagger) if tagger is not None else [[] for _ in rest]
    for row, known, marked in zip(open_rows, linked, tagged, strict=True):
        named = [name_mention(texts[row], mention, types) for mention in known]
        beside = [each for each in marked if all(each.end <= one.start or each.start >= one.end for one in named)]
        found[row] = _mark_types(sorted([*named, *beside], key=lambda name: name.start), marked)
    return found


def name_mention(text: str, mention: Mention, types: Sequence[str]) -> RecognisedName:
    """A mention as a name, with the type of its entity.

    Args:
        text: in which it stands.
        mention: of an entity of the graph, or of none (NIL).
        types: of the graph's entities.
    """
    spelt, entity = text[mention.start : mention.end], mention.entity
    return RecognisedName(mention.start, mention.end, spelt, entity, "" if entity == NIL else types[entity])


def _mark_types(names: Iterable[RecognisedName], marked: Iterable[RecognisedName]) -> list[RecognisedName]:
    """The tagger's type for names that the graph calls so but that mean none of its entities."""
    tagged = {(each.start, each.end): each.type for each in marked}
    return [
        replace(name, type=tagged.get((name.start, name.end), "")) if name.entity == NIL and not name.type else name
        for name in names
    ]


def _link_names(
    model: Bert, texts: Sequence[str], graph: KnowledgeGraph, linker: str | None, least_link: int | float
) -> list[list[Mention]]:
    """The graph's names in the texts, each with the entity that it means, or −1."""
    if not texts:
        return []
    found = find_mentions(texts, graph, model.tokenizer)
    if linker is None:
        links = link_mentions(texts, found, graph, bert=model, threshold=least_link)
        missed = [[replace(each, entity=NIL) for each in row] for row in links.unlinked]
        both = zip(links.mentions, missed, strict=True)
        return [sorted([*one, *other], key=lambda each: each.start) for one, other in both]
    places = [(row, mention) for row, mentions in enumerate(found) for mention in mentions]
    if not places:
        return found
    settings = _read_settings(model, linker)
    asked = {
        settings["text"]: [Sentence(texts[row], tuple(found[row])) for row, _ in places],
        settings["span"]: [(mention.start, mention.end) for _, mention in places],
    }
    given = predict(model, pd.DataFrame(asked), head=linker)["given"]
    linked: list[list[Mention]] = [[] for _ in texts]
    for (row, mention), name in zip(places, given, strict=True):
        linked[row].append(replace(mention, entity=_find_entity(graph, name)))
    return linked


def _find_entity(graph: KnowledgeGraph, name: str | None) -> int:
    """The id of a linker's answer; NIL where it gave none, or one that this graph does not have."""
    try:
        return NIL if name is None else graph.entity_id(name)
    except UnknownNameError:
        return NIL


def _tag_names(model: Bert, texts: Sequence[str], tagger: str) -> list[list[RecognisedName]]:
    cut = [list(_TOKEN.finditer(text)) for text in texts]
    rows = [row for row, tokens in enumerate(cut) if tokens]
    marked: list[list[RecognisedName]] = [[] for _ in texts]
    if not rows:
        return marked
    column = _read_settings(model, tagger)["tokens"]
    frame = pd.DataFrame({column: [[token.group() for token in cut[row]] for row in rows]})
    for row, tags in zip(rows, predict(model, frame, head=tagger)["given"], strict=True):
        for kind, (first, last) in list_tagged(tags):
            start, end = cut[row][first].start(), cut[row][last - 1].end()
            marked[row].append(RecognisedName(start, end, texts[row][start:end], NIL, str(kind)))
    return marked


def _read_settings(model: Bert, name: str) -> dict[str, Any]:
    head = model.heads[name]
    assert isinstance(head, TaskHead)
    return head.settings
