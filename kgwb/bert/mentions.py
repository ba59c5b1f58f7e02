"""Finding the entities that a text names, by the names that a graph has for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgwb.bert.encoding import place_mention
from kgwb.bert.folding import FoldedText, fold_text, spell_plainly
from kgwb.bert.homonyms import NameKinds, leave_out_homonyms
from kgwb.checks import expect_each, expect_kind
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.words import describe_kind, mend_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# "us", "and" and "said" are words, "US", "AND" and "SAID" are names.
_SHORT = 3
_SHORT_IN_CAPITALS = 4
# What texts and lists of names shorten, as they are folded.
_SHORTENED = {"saint": "st", "sainte": "ste", "mount": "mt", "fort": "ft"}
_SHORTENABLE = re.compile(r"\b(?P<word>sainte?|mount|fort|ste?|mt|ft)(?P<rest>-| |\. ?)", re.IGNORECASE)


def find_mentions(
    sentences: Sequence[str], graph: KnowledgeGraph, tokenizer: PreTrainedTokenizerBase
) -> list[list[Mention]]:
    """Find where sentences name entities of a graph: the longest match over labels and aliases, from the left.

    Case, the accents of Latin and Greek letters, full-width forms and ligatures, invisible characters, the kind of
    hyphen or apostrophe, and line breaks or further spaces within a name are ignored, and "Saint" may be "St", "and"
    "&", "UK" "U.K."; but short names (of up to three letters, or four capitals) are found to the letter only (US, not
    us), unless the label itself is written like a word, and punctuation alone never. A name begins and ends where a
    word does by Unicode's properties, except in scripts that write no spaces and before Korean particles. Of several
    entities with one name the best connected is taken; all are kept in `candidates`, among which `link_mentions`
    chooses by the sentence.

    Left out is what the text writes as another word (turkey in small letters, among capitals; a language as an adjective,
    French wine) or as a part of a longer name (Georgia Tech, Michael Jordan, New Mexico, Lake Victoria, 约旦河); in English
    only, as far as it goes by capitals and adjectives. To have such a mention all the same, give it by hand. Chinese is
    not cut into words, so there a name is found within a longer word too (古巴 in 古巴比伦).

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
    call = "find_mentions(['Paris is in France.'], graph, bert.tokenizer)"
    expect_kind(sentences, Iterable, "A list of texts", call=call)
    sentences = expect_each(sentences, str, "A text", call=call)
    expect_graph(graph, "find_mentions(sentences, {}, bert.tokenizer)")
    if not hasattr(tokenizer, "all_special_ids"):
        raise TypeError(
            f"A tokenizer was expected, but {describe_kind(tokenizer)} came. Type find_mentions(sentences, graph, "
            "bert.tokenizer)."
        )
    names, kinds = index_names(graph), NameKinds.of(graph)
    texts = list(sentences)
    found = [leave_out_homonyms(text, list(match_names(text, names)), kinds) for text in texts]
    return _attach_pieces(texts, found, tokenizer)


def _attach_pieces(
    texts: Sequence[str], found: Sequence[Sequence[Mention]], tokenizer: PreTrainedTokenizerBase
) -> list[list[Mention]]:
    rows = [row for row, mentions in enumerate(found) if mentions]
    result: list[list[Mention]] = [[] for _ in texts]
    if not rows:
        return result
    cut = tokenizer([mend_text(texts[row]) for row in rows], return_offsets_mapping=True, verbose=False)
    marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for row, ids, offsets in zip(rows, cut["input_ids"], cut["offset_mapping"], strict=True):
        placed = [place_mention(mention, texts[row], offsets) for mention in found[row]]
        # "[MASK]" names no entity called Mask.
        result[row] = [each for each in placed if each.pieces and marks.isdisjoint(ids[slice(*each.pieces)])]
    return result


@dataclass(frozen=True)
class NameIndex:
    """Every name of a graph's entities.

    Attributes:
        entities: folded name to the entities it can name, best connected first.
        lengths: the first three characters of names to the lengths such names have, longest first.
        firsts: the first characters of all names.
        spellings: folded name to the entities that only some spellings of it mean: "IN" is Indiana, "in" is not.
    """

    entities: Mapping[str, tuple[int, ...]]
    lengths: Mapping[str, tuple[int, ...]]
    firsts: Set[str]
    spellings: Mapping[str, Mapping[int, set[str]]]


def index_names(graph: KnowledgeGraph) -> NameIndex:
    """All labels, in every language, and all aliases of a graph, with "St" for "Saint" and "U.K." for "UK"."""
    found: dict[str, dict[int, set[str]]] = {}
    shouted = not any(map(str.islower, "".join(graph.labels)))
    for entity, label, is_label in _list_names(graph):
        for name in _vary(label):
            folded = fold_text(name).text
            if folded.isascii() and not any(map(str.isalnum, folded)):
                continue  # nothing, or punctuation: a full stop names no entity
            exact = _list_cases(name, is_label=is_label, shouted=shouted)
            spellings = found.setdefault(folded, {})
            # No spellings: any will do, and of two names of an entity the one that is freer holds.
            free = not exact or (entity in spellings and not spellings[entity])
            spellings[entity] = set() if free else spellings.get(entity, set()) | exact
    degrees = graph.degrees
    lengths: dict[str, set[int]] = {}
    for name in found:
        if len(name) >= 3:
            lengths.setdefault(name[:3], set()).add(len(name))
    exact_only = {name: {i: those for i, those in ids.items() if those} for name, ids in found.items()}
    return NameIndex(
        {name: tuple(sorted(ids, key=lambda i: (-degrees[i], i))) for name, ids in found.items()},
        {first: tuple(sorted(those, reverse=True)) for first, those in lengths.items()},
        {name[0] for name in found},
        {name: ids for name, ids in exact_only.items() if ids},
    )


def _list_names(graph: KnowledgeGraph) -> Iterator[tuple[int, str, bool]]:
    """Entity, name, and whether the name is a label."""
    for column in graph.entities.columns:
        if column == "label" or column.startswith("label_"):
            labels = enumerate(graph.entities[column])
            yield from ((entity, spell_plainly(label), True) for entity, label in labels if isinstance(label, str))
    for entity, aliases in enumerate(graph.entities["aliases"]):
        yield from ((entity, spell_plainly(alias), False) for alias in aliases)


def _vary(name: str) -> Iterator[str]:
    """A name, and how else texts shorten or spell it out."""
    yield name
    if len(name) <= 8 and name.isupper():
        capitals = name.replace(".", "")
        if (
            2 <= len(capitals) <= _SHORT_IN_CAPITALS
            and capitals.isalpha()
            and name in (capitals, f"{'.'.join(capitals)}.")
        ):
            yield f"{'.'.join(capitals)}." if name == capitals else capitals
    found = _SHORTENABLE.search(name)
    if found:
        word = found["word"].lower()
        long = {short: long for long, short in _SHORTENED.items()}.get(word, word)
        for form in (f"{long} ", f"{_SHORTENED[long]} ", f"{_SHORTENED[long]}. ", f"{_SHORTENED[long]}."):
            yield name[: found.start()] + (form.strip() + "-" if found["rest"] == "-" else form) + name[found.end() :]


def _list_cases(name: str, *, is_label: bool, shouted: bool) -> set[str]:
    """The only spellings in which a short name is one; none if it is one in any case."""
    letters = [letter for letter in name if letter.isalpha()]
    if not all(letter.lower() != letter.upper() for letter in letters):
        return set()
    if name.isupper() and len(letters) <= _SHORT_IN_CAPITALS and " " not in name:
        return set() if is_label and shouted and len(letters) >= _SHORT else {name}
    if len(letters) > _SHORT or not letters:
        return set()
    if len(letters) < _SHORT:
        return {name, name.upper()} if is_label and name.islower() else {name}
    return {name, name[0].upper() + name[1:], *([name.upper()] if is_label else [])}


def match_names(text: str, names: NameIndex) -> Iterator[Mention]:
    """The longest names from the left, without overlap."""
    folded = fold_text(text)
    free_from = 0
    for position, (letter, may_begin) in enumerate(zip(folded.text, folded.borders, strict=False)):
        if position < free_from or not may_begin or letter not in names.firsts:
            continue
        found = _find_longest(names, text, folded, position)
        if found is not None:
            free_from, entities = found
            start, end = folded.starts[position], folded.ends[free_from - 1]
            yield Mention(start, end, entities[0], text[start:end], candidates=entities)


def _find_longest(names: NameIndex, text: str, folded: FoldedText, start: int) -> tuple[int, tuple[int, ...]] | None:
    """Where the longest name from `start` ends, and the entities it can name; None without one."""
    for length in (*names.lengths.get(folded.text[start : start + 3], ()), 2, 1):
        stop = start + length
        name = folded.text[start:stop]
        if name not in names.entities or len(name) < length or not folded.is_end(stop):
            continue
        entities = _spelt_so(names, name, text[folded.starts[start] : folded.ends[stop - 1]])
        if entities:
            return stop, entities
    return None


def find_candidates(text: str, names: NameIndex) -> tuple[int, ...]:
    """The entities that a whole text can name, best connected first: what `match_names` finds where it stands alone."""
    return _spelt_so(names, fold_text(text).text, text)


def _spelt_so(names: NameIndex, name: str, text: str) -> tuple[int, ...]:
    """The entities of a folded name, but for those that only other spellings mean."""
    entities = names.entities.get(name, ())
    if name not in names.spellings:
        return entities
    exact, spelt = names.spellings[name], spell_plainly(text)
    return tuple(entity for entity in entities if spelt in exact.get(entity, {spelt}))
