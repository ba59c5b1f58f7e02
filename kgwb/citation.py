"""What a paper must say of a run: versions, data, seeds, settings and figures, as lines to paste; what is not known is said.

Each kind of run says what it knows in `describe_run`, so that this file knows of none of them.
"""

from __future__ import annotations

import platform
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kgwb.checks import expect_kind
from kgwb.environment import VERSION
from kgwb.packages import find_version

if TYPE_CHECKING:
    import pandas as pd
    import torch

NOT_RECORDED = "not recorded"
# As CITATION.cff has them.
TITLE = "kgwb: a knowledge-graph × BERT workbench for notebooks"
AUTHORS = ("The kgwb contributors",)
YEAR = "2026"  # of this version; as LICENSE has it
# What a computation depends on beside its own arguments, in the order of the lines.
MACHINE = ("kgwb", "Python", "torch", "transformers", "numpy", "device", "threads", "system")
_PLAIN = (str, int, float, bool, type(None))
_PACKAGES = ("torch", "transformers", "numpy")
_LONG = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")  # of a SHA-256, what people compare by eye
_OF_PARAGRAPH = ("run", "figures", "protocol")


@runtime_checkable
class Citable(Protocol):
    """Whatever can say how it was made can be cited: also a ranker of your own."""

    def describe_run(self) -> Mapping[str, str]:
        """Part -> what is known of it, in the order of the lines; the part "run" says what it is."""
        ...


@dataclass(frozen=True, repr=False)
class Citation:
    """A run as a paper states it; it shows itself as a paragraph, and a line for each part.

    Attributes:
        parts: (part, value), in order.
    """

    parts: tuple[tuple[str, str], ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each part: `part`, `value`."""
        import pandas as pd

        return pd.DataFrame(self.parts, columns=["part", "value"])

    @property
    def paragraph(self) -> str:
        """What was done, what came of it, and with which software, in sentences."""
        found = dict(self.parts)
        sentences = [found[part] for part in _OF_PARAGRAPH if part in found]
        if "kgwb" in found:
            sentences.append(f"Computed with {spell_machine(found)}")
        return " ".join(f"{each[:1].upper()}{each[1:].rstrip('.')}." for each in sentences)

    @property
    def bibtex(self) -> str:
        """kgwb as an entry for BibTeX, in the version that computed the run; it has no DOI."""
        version = dict(self.parts).get("kgwb", VERSION)
        known = f"  version = {{{version}}},\n" if version != NOT_RECORDED else ""
        known += f"  year    = {{{YEAR}}},\n" if version == VERSION else ""
        note = "" if known else "  note    = {the version that computed the run was not recorded},\n"
        title = TITLE.replace("kgwb", "{kgwb}").replace("×", "{$\\times$}").replace("BERT", "{BERT}")
        authors = " and ".join(f"{{{author}}}" for author in AUTHORS)
        return f"@software{{kgwb,\n  author  = {{{authors}}},\n  title   = {{{title}}},\n{known}{note}  license = {{MIT}}\n}}"

    def __repr__(self) -> str:
        whole = [f"{part}: {value}" for part, value in self.parts]
        lines = [_LONG.sub(r"\1...", line) for line in whole]
        cut = ["(hashes in full: .frame)"] if lines != whole else []
        return "\n".join([*textwrap.wrap(self.paragraph, 120, break_long_words=False), "", *lines, *cut])


def cite(run: Citable) -> Citation:
    """What a paper must say of a run: versions, data and their hashes, seeds, threads, settings, figures.

    Nothing is guessed: what a run did not record, as one that an earlier kgwb saved, is "not recorded".

    Args:
        run: vectors, a ranking, the report of a probe, a model, a graph, a split, or anything of your own with
            `describe_run()`.

    Returns:
        A citation: print it, or take `.paragraph`, `.frame` (part, value) and `.bibtex`.

    Raises:
        TypeError: for what is no run.

    Example:
        >>> import pandas as pd
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> cite(KnowledgeGraph.from_pandas(facts, name="capitals"))
        The knowledge graph 'capitals'.
        <BLANKLINE>
        run: the knowledge graph 'capitals'
        graph: 'capitals', 1 triple, 2 entities, 1 relation; SHA-256 of names, labels and triples 87a3ca8555e7...
        counted while reading: nothing
        (hashes in full: .frame)
    """
    call = "kgwb.cite(vectors), kgwb.cite(ranks) or kgwb.cite(report)"
    expect_kind(run, Citable, "A run, something with describe_run(),", call=call)
    if isinstance(run, type):
        raise TypeError(f"A run was expected, but the class {run.__name__} came. Type {call}.")
    return Citation(tuple((str(part), str(value)) for part, value in run.describe_run().items()))


def note_machine(device: torch.device | None = None) -> dict[str, str]:
    """The versions, device and threads of this moment, for whoever computes something now.

    Example:
        >>> note_machine()["kgwb"] == VERSION
        True
    """
    import torch

    name = "cpu" if device is None else device.type
    if name == "cuda":
        name = f"cuda, {torch.cuda.get_device_name(device)}"
    found = {"kgwb": VERSION, "Python": platform.python_version()}
    found |= {package: find_version(package) or "not installed" for package in _PACKAGES}
    system = f"{platform.system()} {platform.machine()}"
    return found | {"device": name, "threads": str(torch.get_num_threads()), "system": system}


def list_machine(noted: Mapping[str, Any] | None) -> dict[str, str]:
    """What `note_machine` noted, a part each; what was not is said.

    Example:
        >>> list_machine({"kgwb": "0.1.0"})["torch"]
        'not recorded'
    """
    return {part: str((noted or {}).get(part, NOT_RECORDED)) for part in MACHINE}


def spell_machine(noted: Mapping[str, Any] | None) -> str:
    """What `note_machine` noted, in one line."""
    found = list_machine(noted)
    if set(found.values()) == {NOT_RECORDED}:
        return f"versions that were {NOT_RECORDED}"
    packages = ", ".join(f"{part} {found[part]}" for part in MACHINE[:5])
    return f"{packages}; device {found['device']}, threads {found['threads']}, {found['system']}"


def spell_settings(settings: Mapping[str, Any]) -> str:
    """Settings as they are typed.

    Example:
        >>> spell_settings({"epochs": 30, "negatives": "all"})
        "epochs=30, negatives='all'"
    """
    return ", ".join(f"{name}={value!r}" for name, value in settings.items()) or NOT_RECORDED


def show_setting(value: object) -> str | int | float | bool | None:
    """A setting as JSON holds it; of an object what it prints, or the name of its class where that holds an address."""
    import numpy as np

    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, _PLAIN):
        return value
    shown = " ".join(repr(value).split())
    return f"{type(value).__name__}(...)" if " at 0x" in shown else shown


def list_before(
    records: Sequence[Mapping[str, Any]], record: Mapping[str, Any], *, resumed: bool
) -> tuple[Mapping[str, Any], ...]:
    """The trainings before one; where it goes on from a checkpoint, its own first part is none of them."""
    own = set(record) - {"machine", "epochs", "steps"}
    if resumed and records and all(records[-1].get(part) == record[part] for part in own):
        return tuple(records[:-1])
    return tuple(records)


def is_record(kept: object, inner: Sequence[str]) -> bool:
    """Whether this is a list of objects of JSON, as trainings are kept, of which some parts are objects themselves."""
    if not isinstance(kept, list) or not all(isinstance(each, dict) for each in kept):
        return False
    return all(isinstance(each.get(part, {}), dict) for each in kept for part in inner)


def nest_parts(whose: str, parts: Mapping[str, str]) -> dict[str, str]:
    """The parts of something that a run was made from, under its name; what it was computed with is one line."""
    rest = {
        f"{whose}, {part}" if part != "run" else whose: value for part, value in parts.items() if part not in MACHINE
    }
    return rest | ({f"{whose}, computed with": spell_machine(parts)} if "kgwb" in parts else {})
