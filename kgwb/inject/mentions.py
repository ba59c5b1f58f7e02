"""Finding the entities that a text names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kgwb.graph import KnowledgeGraph, Mention

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# A name in Chinese, Japanese or Thai needs no space around it.
_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI")


def find_mentions(
    sentences: Sequence[str], graph: KnowledgeGraph, tokenizer: PreTrainedTokenizerBase
) -> list[list[Mention]]:
    """Find where sentences name entities of a graph: the longest match over labels and aliases, from the left.

    Case and the accents of Latin and Greek letters are ignored. A name begins and ends where a word does, except in
    scripts that write no spaces. Of several entities with one name the best connected is taken; all are kept in
    `candidates`.

    Args:
        sentences: the texts.
        graph: whose labels and aliases (all columns named `label...`, and `aliases`) are looked for.
        tokenizer: a fast tokenizer; it says which word pieces each mention covers.

    Returns:
        For each sentence its mentions, in order, without overlap.

    Raises:
        TypeError: for a single text.

    Example:
        >>> import pandas as pd
        >>> from kgwb import load_bert
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame([["New York", "in", "USA"]], columns=["head", "relation", "tail"]))
        >>> [[found]] = find_mentions(["new york is big."], graph, load_bert().tokenizer)
        >>> found.text, found.pieces
        ('new york', (1, 3))
    """
    if isinstance(sentences, str):
        raise TypeError(
            f"One text came: {sentences[:40]!r}. Expected a list of texts; type find_mentions([text], ...)."
        )
    names = _collect_names(graph)
    tree = _grow_tree(names)
    return [list(_attach_pieces(text, _match(text, tree, names), tokenizer)) for text in sentences]


def _collect_names(graph: KnowledgeGraph) -> dict[str, tuple[int, ...]]:
    """Folded name -> the entities it can name, best connected first."""
    labels = [column for column in graph.entities.columns if column == "label" or column.startswith("label_")]
    found: dict[str, set[int]] = {}
    for column in labels:
        for entity, label in enumerate(graph.entities[column]):
            if isinstance(label, str) and (name := fold(label).strip()):
                found.setdefault(name, set()).add(entity)
    for entity, aliases in enumerate(graph.entities["aliases"]):
        for alias in aliases:
            if name := fold(alias).strip():
                found.setdefault(name, set()).add(entity)
    degrees = graph.degrees
    return {name: tuple(sorted(ids, key=lambda i: (-degrees[i], i))) for name, ids in found.items()}


def fold(text: str) -> str:
    """Lower case without accents, one character for one character, so that offsets stay true."""
    return "".join(_fold_character(character) for character in text)


def _fold_character(character: str) -> str:
    lower = character.lower()
    base = unicodedata.normalize("NFD", lower)[:1]
    # Elsewhere decomposition takes letters apart, not accents off: 한 into ᄒ, パ into ハ, й into и.
    if base.isascii() or "\u0370" <= base <= "\u03ff":
        return base or character
    return lower if len(lower) == 1 else character


def _grow_tree(names: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """A tree of characters; the key "" marks that a name ends here."""
    root: dict[str, Any] = {}
    for name in names:
        node = root
        for character in name:
            node = node.setdefault(character, {})
        node[""] = name
    return root


def _match(text: str, tree: dict[str, Any], names: dict[str, tuple[int, ...]]) -> Iterator[Mention]:
    folded = fold(text)
    start = 0
    while start < len(folded):
        name = _longest_name(folded, start, tree) if _is_border(folded, start) else None
        if name is None:
            start += 1
            continue
        end = start + len(name)
        yield Mention(start, end, names[name][0], text[start:end], candidates=names[name])
        start = end


def _longest_name(folded: str, start: int, tree: dict[str, Any]) -> str | None:
    node: dict[str, Any] | None = tree
    longest: str | None = None
    for position in range(start, len(folded)):
        node = node.get(folded[position]) if node is not None else None
        if node is None:
            break
        if "" in node and _is_border(folded, position + 1):
            longest = node[""]
    return longest


def _is_border(text: str, position: int) -> bool:
    """Whether a word may begin or end between the characters before and at `position`."""
    if position in (0, len(text)):
        return True
    before, after = text[position - 1], text[position]
    return not (before.isalnum() and after.isalnum()) or _is_spaceless(before) or _is_spaceless(after)


def _is_spaceless(character: str) -> bool:
    return character > "\u0e00" and unicodedata.name(character, "").startswith(_SPACELESS)


def _attach_pieces(text: str, found: Iterator[Mention], tokenizer: PreTrainedTokenizerBase) -> Iterator[Mention]:
    from kgwb.inject.encoding import place_mention

    cut = tokenizer(text, return_offsets_mapping=True, verbose=False)
    marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for mention in found:
        placed = place_mention(mention, text, cut["offset_mapping"])
        # "[MASK]" names no entity called Mask.
        if placed.pieces and marks.isdisjoint(cut["input_ids"][slice(*placed.pieces)]):
            yield placed
