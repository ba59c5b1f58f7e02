"""A graph as the files that people have: several formats, names typed twice, lines that break off, false facts."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from kgwb.checks import expect_seed
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.examples import Fact

_CLINIC = ("affects", "caused by", "disease of", "has symptom", "part of")
_PHARMACY = ("belongs to", "contraindicated in", "interacts with", "side effect", "treated by")
_FILES = ("clinic.csv", "pharmacy.jsonl.gz", "laboratory.tsv", "things.csv", "next_month.csv", "withdrawn.csv")
_COLUMNS = ["head", "relation", "tail"]


def write_messy_files(
    graph: KnowledgeGraph, folder: Path, newcomers: Iterable[str], *, mistakes: int = 20, seed: int = 0
) -> dict[str, Path]:
    """A graph as the files of three offices, with what is usually wrong with such files, and as the file of a month later.

    `clinic.csv` is in Windows-1252, with semicolons, lines that break off, lines that stand there twice, and false facts.
    `pharmacy.jsonl.gz` repeats some of the clinic's facts, and blanks are left at the end of some names. `laboratory.tsv`
    has no header line, the tail comes first, and its accents are signs of their own. `things.csv` says what type a name
    has. `next_month.csv` holds the facts about newcomers, and `withdrawn.csv` the false facts of the clinic.

    Args:
        graph: with types, and with the relations of the sample graph `medicine`.
        folder: is made where it is not there.
        newcomers: entities, by label, that come a month later.
        mistakes: how many facts are false; every second has a tail of the wrong type.
        seed: of whatever is drawn.

    Returns:
        The files by name.
    """
    random = np.random.default_rng(expect_seed(seed))
    folder.mkdir(parents=True, exist_ok=True)
    facts, new = graph.to_pandas(labels=True), set(newcomers)
    comes_later = facts["head"].isin(new) | facts["tail"].isin(new)
    now = list(facts[~comes_later].itertuples(index=False, name=None))
    now = [now[place] for place in random.permutation(len(now))]
    clinic, pharmacy = ([fact for fact in now if fact[1] in names] for names in (_CLINIC, _PHARMACY))
    laboratory = [fact for fact in now if fact[1] not in (*_CLINIC, *_PHARMACY)] + clinic[::9]
    false = _make_mistakes(graph, now, mistakes, random)
    paths = {name: folder / name for name in _FILES}
    _write_clinic(paths["clinic.csv"], [*clinic[:200], *false, *clinic[200:]])
    lines = [{"subject": _smudge(h, place), "verb": r, "object": t} for place, (h, r, t) in enumerate(pharmacy)]
    lines += [
        {"subject": _smudge(h, 20 * place + 5), "verb": r, "object": t} for place, (h, r, t) in enumerate(clinic[::11])
    ]
    with gzip.open(paths["pharmacy.jsonl.gz"], "wt", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    rows = [unicodedata.normalize("NFD", "\t".join((t, r, h))) for h, r, t in laboratory]
    paths["laboratory.tsv"].write_text("\n".join(rows) + "\n", encoding="utf-8")
    kinds = graph.entities[["label", "type"]].rename(columns={"label": "entity"})
    kinds[kinds["entity"].isin({name for head, _, tail in now for name in (head, tail)})].to_csv(
        paths["things.csv"], index=False
    )
    facts[comes_later].to_csv(paths["next_month.csv"], index=False)
    pd.DataFrame(false, columns=_COLUMNS).to_csv(paths["withdrawn.csv"], index=False)
    return paths


def _make_mistakes(graph: KnowledgeGraph, facts: list[Fact], count: int, random: np.random.Generator) -> list[Fact]:
    """False facts: the tail is another one's, of the same relation or of another type."""
    type_of = dict(zip(graph.labels, graph.entities["type"], strict=True))
    taken, false = set(facts), list[Fact]()
    named = sorted({name for head, _, tail in facts for name in (head, tail)})
    own = [fact for fact in facts if fact[1] in _CLINIC]
    while len(false) < count:
        head, relation, tail = own[random.integers(len(own))]
        wrong_type = len(false) % 2 == 0
        pool = named if wrong_type else sorted({t for _, r, t in own if r == relation})
        other = pool[random.integers(len(pool))]
        fact = (head, relation, other)
        if fact in taken or other == head or (type_of[other] != type_of[tail]) != wrong_type:
            continue
        taken.add(fact)
        false.append(fact)
    return false


def _write_clinic(path: Path, facts: list[Fact]) -> None:
    lines = ["disease;property;value"]
    for place, fact in enumerate(facts):
        lines += [";".join(fact)] * (2 if place % 23 == 7 else 1)
        lines += [";".join(fact[:2])] if place % 150 == 40 else []
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")


def _smudge(name: str, place: int) -> str:
    return f"{name} " if place % 60 == 5 else name
