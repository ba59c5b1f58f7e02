"""Lists of names beside the triples of a benchmark, and what they say about the order of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, sum_notes
from kgwb.graph.errors import ContentError, GraphFileError
from kgwb.graph.files.text import OnError, parse_file
from kgwb.words import count_things, is_whole

_LISTS = {"entity": ("entity2id.txt", "entities.dict"), "relation": ("relation2id.txt", "relations.dict")}
_SWAPPED = ("head", "tail", "relation")
_ASK = (
    "Say where they stand, counted from 0: columns=(0, 2, 1) for head, tail, relation; columns=(0, 1, 2) for head, "
    "relation, tail."
)
_FEWEST = 10  # fewer facts show no order


@dataclass(frozen=True)
class NameList:
    """The names of one kind.

    Attributes:
        file: where they stand.
        names: the name behind each number.
    """

    file: str
    names: Mapping[str, str]


def order_columns(facts: NamedTriples, folder: Path, on_error: OnError, *, asked: bool) -> NamedTriples:
    """The facts with their columns in the order that lists of names beside them, or the names themselves, show.

    Args:
        facts: as read in the order head, relation, tail from lines without a header.
        folder: where they, and perhaps the lists, stand.
        on_error: what happens to broken lines of the lists.
        asked: whether the user has said which column is which, so that only numbers are replaced by names.

    Raises:
        GraphFileError: it is unclear which column holds the relations.
    """
    lists = {kind: _find_list(folder, files, on_error) for kind, files in _LISTS.items()}
    entities, relations = lists["entity"], lists["relation"]
    triples = facts.triples
    used = [set(triples[column].unique()) for column in COLUMNS]
    numbered = entities is not None and relations is not None and _is_numbered(used, entities, relations)
    known = None if relations is None else set(relations.names) if numbered else set(relations.names.values())
    swapped = not asked and bool(len(triples)) and _is_swapped(used, known, folder, len(triples), numbered=numbered)
    parts = {part: _swap(frame) if swapped else frame for part, frame in facts.parts.items()}
    notes = facts.notes
    if swapped:
        evidence = f"the order that {relations.file} shows" if relations else "the order they show"
        notes = sum_notes(notes, ((f"triples read as head, tail, relation, {evidence}", len(triples)),))
    if numbered:
        assert entities is not None
        assert relations is not None
        parts = {part: _put_names(frame, entities, relations, folder) for part, frame in parts.items()}
    return replace(_add_listed(replace(facts, parts=parts), entities, relations), notes=notes)


def _add_listed(facts: NamedTriples, entities: NameList | None, relations: NameList | None) -> NamedTriples:
    """The facts with all names of the lists, those that stand in no fact too, where the lists are of these facts."""
    if entities is None and relations is None:
        return facts
    triples = facts.triples
    listed: dict[str, pd.DataFrame] = {}
    for kind, names, columns in (("entity", entities, ("head", "tail")), ("relation", relations, ("relation",))):
        known = {} if names is None else dict.fromkeys(names.names.values())
        if known and all(known.keys() >= set(triples[column].unique()) for column in columns):
            listed[kind] = pd.DataFrame({kind: list(known)}, dtype=object)
    return replace(facts, entities=listed.get("entity"), relations=listed.get("relation"))


def read_name_list(text: str, *, number_first: bool) -> dict[str, str]:
    """The name behind each number, from lines with a name and a number in either order; a count may stand above them.

    Args:
        text: the lines.
        number_first: what to take it for where both are numbers on every line.

    Raises:
        ContentError: a line has not both.
    """
    if not is_whole(text):  # let through by on_error="skip", but each number needs its name
        raise ContentError('is not in UTF-8. Give its encoding, as in encoding="cp1252".')
    lines = [line.strip("\r\n") for line in text.split("\n") if line.strip()]
    if lines and lines[0].strip().isdigit():
        lines = lines[1:]
    sign = "\t" if all("\t" in line for line in lines) else " "
    first = [line.partition(sign)[::2] for line in lines]
    last = [line.rpartition(sign)[::2] for line in lines]
    leading = all(number.strip().isdigit() for number, _ in first)
    trailing = all(number.strip().isdigit() for _, number in last)
    if leading and (number_first or not trailing):
        return {number.strip(): name for number, name in first}
    if trailing:
        return {number.strip(): name for name, number in last}
    raise ContentError("does not hold a name and its number on every line.")


def _find_list(folder: Path, files: Sequence[str], on_error: OnError) -> NameList | None:
    for file in files:
        path = folder / file
        if path.is_file():
            parse = partial(read_name_list, number_first=file.endswith(".dict"))
            names = parse_file(path, parse, expected="lines with a name and its number", on_error=on_error)
            return NameList(file, names)
    return None


def _is_numbered(used: list[set[str]], entities: NameList, relations: NameList) -> bool:
    """Whether the triples hold the numbers of the lists, and not their names."""
    head, middle, last = used
    names, links = set(entities.names.values()), set(relations.names.values())
    if head <= names and (middle | last) <= names | links:
        return False
    numbers, link_numbers = set(entities.names), set(relations.names)
    return head <= numbers and (middle <= numbers or middle <= link_numbers) and last <= numbers | link_numbers


def _is_swapped(used: list[set[str]], known: set[str] | None, folder: Path, count: int, *, numbered: bool) -> bool:
    head, middle, last = used
    if known is not None:
        if middle <= known and not (numbered and last <= known):
            return False
        if last <= known and not middle <= known:
            return True
        if numbered and middle <= known and last <= known:
            raise _in_doubt(folder, "both the second and the third column hold numbers of relations")
    if looks_swapped(used, count):
        reason = f"the third column has only {count_things(len(last), 'name')}, of which none is a head"
        raise _in_doubt(folder, f"{reason}, and the second shares {len(middle & head):,} with the first")
    return False


def looks_swapped(used: list[set[str]], count: int) -> bool:
    """Whether names alone, those of each column, make it unclear where the relations stand.

    Heads come again as tails; relations are few, and no entities.
    """
    head, middle, last = used
    return count >= _FEWEST and not last & (head | middle) and bool(middle & head) and len(last) < len(middle)


def _in_doubt(folder: Path, reason: str) -> GraphFileError:
    return GraphFileError(f"{folder}: which column of its triples holds the relations is unclear: {reason}. {_ASK}")


def _swap(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(list(_SWAPPED), axis="columns")[list(COLUMNS)]


def _put_names(frame: pd.DataFrame, entities: NameList, relations: NameList, folder: Path) -> pd.DataFrame:
    columns = {}
    for column, listed in zip(COLUMNS, (entities, relations, entities), strict=True):
        unknown = set(frame[column].unique()) - set(listed.names)
        if unknown:
            raise GraphFileError(f"{folder}: no line of {listed.file} has the number {min(unknown)}. Is it complete?")
        columns[column] = frame[column].map(listed.names).astype(object)
    return pd.DataFrame(columns)
