"""Finding the entities that a text names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kgwb.bert.linking.names import collect_names, match_names
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.graph.knowledge_graph import expect_graph

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def find_mentions(
    sentences: Sequence[str], graph: KnowledgeGraph, tokenizer: PreTrainedTokenizerBase
) -> list[list[Mention]]:
    """Find where sentences name entities of a graph: the longest match over labels and aliases, from the left.

    Case, the accents of Latin and Greek letters, and line breaks or further spaces within a name are ignored; but a
    name of one or two Latin letters is found to the letter only (US, not us), and punctuation alone never. A name
    begins and ends where a word does, except in scripts that write no spaces. Of several entities with one name the
    best connected is taken; all are kept in `candidates`, among which `link_mentions` chooses by the sentence.

    Args:
        sentences: the texts.
        graph: whose labels and aliases (all columns named `label...`, and `aliases`) are looked for.
        tokenizer: a fast tokenizer; it says which word pieces each mention covers.

    Returns:
        For each sentence its mentions, in order, without overlap.

    Raises:
        TypeError: for a single text, or what is no graph.

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
    expect_graph(graph, "find_mentions(sentences, {}, bert.tokenizer)")
    names = collect_names(graph)
    return [list(_attach_pieces(text, match_names(text, names), tokenizer)) for text in sentences]


def _attach_pieces(text: str, found: Iterator[Mention], tokenizer: PreTrainedTokenizerBase) -> Iterator[Mention]:
    from kgwb.bert.encoding import place_mention

    cut = tokenizer(text, return_offsets_mapping=True, verbose=False)
    marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for mention in found:
        placed = place_mention(mention, text, cut["offset_mapping"])
        # "[MASK]" names no entity called Mask.
        if placed.pieces and marks.isdisjoint(cut["input_ids"][slice(*placed.pieces)]):
            yield placed
