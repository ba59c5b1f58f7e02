"""The reference: a page for each public name, read from its source without running it."""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import griffe
from texts import Places, escape_text, fence, rewrite_text

ROOMS = ("graph", "embed", "bert", "learn", "see", "lessons")
# Methods that torch and editors call, not people.
UNTOLD = ("forward", "extra_repr")
HEADINGS = {"parameters": "Arguments", "attributes": "Attributes", "returns": "Returns", "yields": "Yields"}


@dataclass(frozen=True)
class PublicName:
    """One public name.

    Attributes:
        path: what is typed: `kgwb.read_graph`, or `kgwb.graph.write_split` where it is not on the first screen.
        room: the room whose list holds it, or "" for what stands before the rooms.
        source: the class, function or value, as griffe read it.
    """

    path: str
    room: str
    source: Any

    @property
    def page(self) -> str:
        return f"reference/{self.room or 'kgwb'}/{self.path.rpartition('.')[2]}.md"


def list_names(root: Path) -> list[PublicName]:
    """Every public name: those of `kgwb/__init__.pyi`, and those of the rooms' lists."""
    logging.getLogger("griffe").setLevel(
        "ERROR"
    )  # "encoding, delimiter, header: ..." describes three arguments at once
    package = griffe.load("kgwb", search_paths=[str(root)], docstring_parser="google", allow_inspection=False)
    screen = (root / "kgwb" / "__init__.pyi").read_text(encoding="utf-8")
    first = {name: home for home, name in re.findall(r"^from \.(\w+) import \w+ as (\w+)$", screen, re.MULTILINE)}
    found = []
    for room in ROOMS:
        for name, member in package[room].members.items():
            if _is_public(name, member):
                path = f"kgwb.{name}" if first.get(name) == room else f"kgwb.{room}.{name}"
                found.append(PublicName(path, room, member.final_target))
    outside = [name for name, home in first.items() if home not in ROOMS]
    return [*(PublicName(f"kgwb.{name}", "", package[first[name]][name]) for name in outside), *found]


def _is_public(name: str, member: Any) -> bool:
    """A room's list imports its classes and functions; what is none of kgwb's comes along with it."""
    if name.startswith("_") or name == "annotations" or not member.is_alias:
        return False
    if not member.target_path.startswith("kgwb."):
        return False
    return bool(member.final_target.is_class or member.final_target.is_function)


def map_names(names: Sequence[PublicName]) -> dict[str, str]:
    """What may be typed for each name, and its page."""
    typed = {each.path: each.page for each in names}
    return typed | {f"kgwb.{each.room}.{each.path.rpartition('.')[2]}": each.page for each in names if each.room}


def write_reference(names: Sequence[PublicName], root: Path, places: Places) -> Iterator[tuple[str, str]]:
    """The source of each page of the reference."""
    bare = {each.path.rpartition(".")[2]: each.page for each in names}
    within = Places(
        places.root, places.pages, {**places.names, **{f"kgwb.{name}": page for name, page in bare.items()}}
    )
    first = [each for each in names if each.path.count(".") == 1]
    rooms = "\n".join(f"{room}/index" for room in ROOMS)
    yield (
        "reference/index.md",
        "\n\n".join(
            [
                "# Reference",
                "Every public name, from its docstring. On the first screen are the names that notebooks use as `kgwb.name`; "
                "the others are one step down, in their rooms: `kgwb.room.name`.",
                f"```{{toctree}}\n:hidden:\n\n{rooms}\n```",
                "## Rooms",
                "\n".join(f"- [kgwb.{room}]({room}/index.md): {_room_line(root, room, within)}" for room in ROOMS),
                "## First screen",
                _table(first, within),
            ]
        ),
    )
    for room in ROOMS:
        listed = [each for each in names if each.room == room]
        text = rewrite_text(escape_text(_room_text(root, room)), "", within, bare=True)
        yield f"reference/{room}/index.md", f"# kgwb.{room}\n\n{text}\n\n{_table(listed, within)}"
    for each in names:
        yield each.page, _write_page(each, within)


def _room_text(root: Path, room: str) -> str:
    text = (root / "kgwb" / room / "__init__.py").read_text(encoding="utf-8")
    return text.split('"""')[1].strip()


def _room_line(root: Path, room: str, places: Places) -> str:
    return rewrite_text(escape_text(" ".join(_room_text(root, room).split("\n\n")[0].split())), "", places, bare=True)


def _table(names: Sequence[PublicName], places: Places) -> str:
    rows = [f"| [`{each.path}`](/{each.page}) | {_say_first(each, places)} |" for each in sorted(names, key=_by_name)]
    table = "\n".join(["| name | what it is |", "|---|---|", *rows])
    return f'<div class="names">\n\n{table}\n\n</div>'


def _by_name(each: PublicName) -> tuple[str, str]:
    return each.path.rpartition(".")[2].casefold(), each.path


def _say_first(each: PublicName, places: Places) -> str:
    text = each.source.docstring.value if each.source.docstring else ""
    return rewrite_text(escape_text(" ".join(text.split("\n\n")[0].split())), "", places, bare=True)


def _write_page(each: PublicName, places: Places) -> str:
    name, source = each.path.rpartition(".")[2], each.source
    room = f"[kgwb.{each.room}](/reference/{each.room}/index.md)" if each.room else "kgwb"
    file = source.relative_package_filepath.as_posix()
    where = f"{room} · [Reference](/reference/index.md) · `{file}`, line {source.lineno}"
    kind, declared = _declare(each)
    members = "\n\n".join(_write_member(member, places) for member in _list_members(source)) if source.is_class else ""
    body = "\n\n".join(part for part in [_write_text(source, places), members] if part)
    described = f"``````{{py:{kind}}} {each.path}{declared}\n{body}\n``````"
    return f"---\norphan: true\n---\n\n# {_escape_name(name)}\n\n{where}\n\n{described}\n"


def _escape_name(name: str) -> str:
    return name.replace("_", r"\_")


def _declare(each: PublicName) -> tuple[str, str]:
    source = each.source
    if source.is_function:
        return "function", _sign(source)
    kind = "exception" if each.path.endswith("Error") else "class"
    made = source.all_members.get("__init__")
    if made is None or not made.is_function:
        return kind, ""
    return kind, _sign(made).partition(" -> ")[0]


def _sign(function: Any) -> str:
    """(path, columns=..., *, header=None) -> KnowledgeGraph"""
    told, passed_star = [], False
    for argument in function.parameters:
        if argument.name == "self" or argument.name == "cls":
            continue
        kind = argument.kind.value
        if kind == "keyword-only" and not passed_star:
            told.append("*")
            passed_star = True
        passed_star |= kind == "variadic positional"
        sign = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        text = f"{sign}{argument.name}" + (f": {argument.annotation}" if argument.annotation else "")
        told.append(text + (f" = {argument.default}" if argument.default is not None and not sign else ""))
    back = f" -> {function.returns}" if function.returns else ""
    return " ".join(f"({', '.join(told)}){back}".split())


def _list_members(source: Any) -> list[Any]:
    """Methods and properties that are described, in the order of the source; inherited ones of kgwb's own after them."""
    own = [member for name, member in source.members.items() if _is_told(name, member)]
    seen = {member.name for member in own}
    inherited = [
        member
        for name, member in sorted(source.inherited_members.items())
        if _is_told(name, member.final_target) and name not in seen
    ]
    return [*own, *(member.final_target for member in inherited)]


def _is_told(name: str, member: Any) -> bool:
    is_called = member.is_function or (member.is_attribute and "property" in member.labels)
    return not name.startswith("_") and name not in UNTOLD and is_called and member.docstring is not None


def _write_member(member: Any, places: Places) -> str:
    kind = "method" if member.is_function else "property"
    signs = "".join(f":{label}:\n" for label in ("classmethod", "staticmethod") if label in member.labels)
    declared = _sign(member) if member.is_function else ""
    if not member.is_function and member.annotation:
        signs += f":type: {' '.join(str(member.annotation).split())}\n"
    return f"`````{{py:{kind}}} {member.name}{declared}\n{signs}\n{_write_text(member, places)}\n`````"


def _write_text(source: Any, places: Places) -> str:
    if source.docstring is None:
        return ""
    return "\n\n".join(filter(None, (_write_section(section, places) for section in source.docstring.parsed)))


def _write_section(section: Any, places: Places) -> str:
    kind, value = section.kind.value, section.value

    def say(text: str) -> str:
        return rewrite_text(escape_text(text), "", places, bare=True)

    if kind == "text":
        return _split_examples(value, say)
    if kind == "admonition":
        heading = {"Example": "Example", "Examples": "Examples"}.get(section.title or "", section.title or "")
        return f"```{{rubric}} {heading}\n```\n\n{_split_examples(value.contents, say)}"
    if kind == "examples":
        told = "\n".join(text for _, text in value)
        return f"```{{rubric}} Example\n```\n\n{_split_examples(told, say)}"
    if kind in ("parameters", "attributes", "other parameters"):
        rows = [_describe(f"`{item.name}`", say(item.description)) for item in value]
    elif kind == "raises":
        rows = [_describe(f"`{item.annotation}`", say(item.description)) for item in value]
    else:
        text = " ".join((f"{item.name}: " if item.name else "") + item.description for item in value)
        return f"```{{rubric}} {HEADINGS.get(kind, kind.title())}\n```\n\n{say(text)}"
    return f"```{{rubric}} {HEADINGS.get(kind, kind.title())}\n```\n\n" + "\n\n".join(rows)


def _describe(term: str, text: str) -> str:
    return f"{term}\n: {textwrap.indent(' '.join(text.split()), '  ').strip()}"


def _split_examples(text: str, say: Any) -> str:
    """Paragraphs as they are, and examples, which begin with >>> and end at a blank line, as code."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", textwrap.dedent(text).strip()):
        begin = re.search(r"^\s*>>>", paragraph, re.MULTILINE)
        if begin is None:
            parts.append(fence(textwrap.dedent(paragraph), "text") if paragraph.startswith("    ") else say(paragraph))
            continue
        before = paragraph[: begin.start()].strip()
        parts += [say(before)] if before else []
        parts.append(fence(textwrap.dedent(paragraph[begin.start() :]), "pycon"))
    return "\n\n".join(parts)


def check_pages(names: Sequence[PublicName]) -> Mapping[str, str]:
    """Pages that a memory stick would take for one: it does not tell Read.html from read.html."""
    pages: dict[str, str] = {}
    doubled = {}
    for each in names:
        other = pages.setdefault(each.page.casefold(), each.path)
        if other != each.path:
            doubled[each.path] = other
    return doubled
