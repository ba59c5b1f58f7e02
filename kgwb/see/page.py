"""Exported pages: one file, no outside address, opens without a network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kgwb.checks import expect_each, expect_kind, expect_path, expect_text
from kgwb.files import write_whole
from kgwb.see.palette import style_variables
from kgwb.words import quote_value

# The browser itself is told to fetch nothing: everything a page shows travels inside it.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
PAGE_STYLE = """
:root{color-scheme:light dark}
body{margin:0;background:var(--kgwb-paper);color:var(--kgwb-ink);font:16px/1.5 var(--kgwb-font);
font-variant-numeric:tabular-nums}
main{max-width:1680px;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.6rem;font-weight:600;margin:0 0 1.5rem}
h1.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
h2{font-size:1.15rem;font-weight:600;margin:2.5rem 0 .5rem}
figure{margin:0}
section+section{margin-top:2.5rem}
figcaption{color:var(--kgwb-muted);font-size:.875rem;margin-top:1.25rem;max-width:62em}
table{border-collapse:collapse;font-size:.9rem}
th,td{text-align:end;padding:.25rem .75rem;border-bottom:1px solid var(--kgwb-rule)}
th:first-child,td:first-child{text-align:start}
@media print{:root{color-scheme:light}main{max-width:none;padding:0}figure{break-inside:avoid}h2{break-after:avoid}}
"""


@dataclass(frozen=True)
class Fragment:
    """One view as a piece of a page.

    Attributes:
        html: the markup and its own inline scripts; every label in it is already escaped.
        caption: one line: what is seen and how much to trust it.
        libraries: scripts that the markup needs, by name; a page carries each once.
        title: what stands at the head of the markup, so that a page of nothing else need not say it again.
    """

    html: str
    caption: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    def __post_init__(self) -> None:
        expect_text("html", self.html, usual="<p>Two</p>")
        expect_text("caption", self.caption, usual="Two facts.")
        expect_text("title", self.title, usual="Two")
        expect_kind(self.libraries, Mapping, "A mapping of names to scripts", call="Fragment('<p>Two</p>')")


@runtime_checkable
class HasFragment(Protocol):
    """Anything that can be put on a page: every view."""

    def fragment(self) -> Fragment:
        """This view as a piece of a page."""


def write_page(path: str | Path, sections: Sequence[tuple[str, HasFragment | Fragment]], title: str) -> Path:
    """Write one offline HTML file with a heading for each section, and return its path.

    Args:
        path: of the file, `~` being the home; missing folders are made.
        sections: (heading, view); an empty heading leaves the line out. What several views need is carried once.
        title: of the page.

    Raises:
        IsADirectoryError: the path is a folder.
        ValueError: it does not end in .html.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "page.html"
        >>> page = write_page(place, [("Facts", Fragment("<p>Two</p>"))], title="A <b>")
        >>> "A &lt;b&gt;</h1>" in page.read_text(encoding="utf-8")
        True
    """
    place = expect_file(path, (".html",), name="page.html")
    expect_text("title", title, usual="My page")
    sections = _expect_sections(sections)
    fragments = [(heading, item if isinstance(item, Fragment) else item.fragment()) for heading, item in sections]
    libraries: dict[str, str] = {}
    for _, fragment in fragments:
        libraries.update(fragment.libraries)
    scripts = _write_scripts(libraries, end="\n")
    unseen = ' class="unseen"' if [fragment.title for _, fragment in fragments] == [title] else ""
    body = "".join(_write_section(heading, fragment) for heading, fragment in fragments)
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{style_variables()}{PAGE_STYLE}</style>\n{scripts}</head>"
        f"<body><main><h1 dir='auto'{unseen}>{html.escape(title)}</h1>\n{body}</main></body></html>\n"
    )
    return write_document(place, page, name="page.html")


def _expect_sections(sections: object) -> list[tuple[str, HasFragment | Fragment]]:
    call = 'write_page("page.html", [("Facts", view)], title="My page")'
    found = expect_each(sections, (tuple, list), "A heading and a view", call=call)
    for section in found:
        if len(section) != 2 or not isinstance(section[0], str) or not isinstance(section[1], (HasFragment, Fragment)):
            raise TypeError(f"A heading and a view were expected, but {quote_value(section)} came. Type {call}.")
    return found


def write_document(path: str | Path, text: str, *, name: str) -> Path:
    """Write one file, whole or not at all, and return its path; `name` is what to type where a folder came.

    Raises:
        IsADirectoryError: the path is a folder.
    """
    path = expect_file(path, (Path(name).suffix,), name=name)
    with write_whole(path) as new:
        # Half of a surrogate pair can stand in a Python string but in no UTF-8 file.
        new.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    return path


def expect_file(path: str | Path, endings: Sequence[str], *, name: str) -> Path:
    """A path that ends as what is written there does, `~` being the home.

    Args:
        path: what came.
        endings: that will do, in lower case.
        name: what to type where a folder came.

    Raises:
        IsADirectoryError: the path is a folder.
        ValueError: it ends in anything else.
    """
    path = expect_path(path, call=f"view.save({name!r})")
    if path.is_dir():
        what = name.partition(".")[0]
        raise IsADirectoryError(f"{path} is a folder; a {what} is one file. Type {str(path / name)!r}.")
    if path.suffix.lower() not in endings:
        came = f"ends in {path.suffix}" if path.suffix else "has no ending"
        raise ValueError(
            f"{path.name!r} {came}, and a name's ending says what is written. Expected {' or '.join(endings)}; type "
            f"{str(path.with_suffix(endings[0]))!r}."
        )
    return path


def pack_json(data: Any) -> str:
    """JSON that can stand inside a script element: no text in it can close the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    # Half of a surrogate pair can stand in a Python string but in no UTF-8 file.
    return text.encode("utf-8", "replace").decode("utf-8")


def _write_section(heading: str, fragment: Fragment) -> str:
    title = f'<h2 dir="auto">{html.escape(heading)}</h2>' if heading else ""
    caption = f'<figcaption dir="auto">{html.escape(fragment.caption)}</figcaption>' if fragment.caption else ""
    return f"<section>{title}<figure>{fragment.html}{caption}</figure></section>\n"


def _write_scripts(libraries: Mapping[str, str], end: str = "") -> str:
    return "".join(f"<script>{_close_safely(code)}</script>{end}" for code in libraries.values())


def _close_safely(code: str) -> str:
    """A script may hold the text of its own closing tag; the escape means the same to JavaScript."""
    return re.sub(r"</(?=script)", r"<\\/", code, flags=re.IGNORECASE).replace("<!--", "<\\!--")


@cache
def read_asset(name: str) -> str:
    """One of the scripts or styles that travel with the package."""
    return (files("kgwb.see") / "assets" / name).read_text(encoding="utf-8")
