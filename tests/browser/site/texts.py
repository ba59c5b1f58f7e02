"""Texts of the checkout as texts of the site: links lead to pages, pictures stand in the page, names to their reference."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_CODE = re.compile(r"(^```.*?^```[^\n]*$|`+[^`\n]+`+)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")
_NAME = re.compile(r"`((?:kgwb\.)?(?:\w+\.)?\w+)(\([^`]*\))?`")


@dataclass(frozen=True)
class Places:
    """What has a page.

    Attributes:
        root: the checkout.
        pages: files and folders of the checkout, and the source of the page that shows each.
        names: public names, as `kgwb.read_graph` and `kgwb.graph.read_graph`, and the source of each one's page.
    """

    root: Path
    pages: Mapping[str, str]
    names: Mapping[str, str]


def rewrite_text(text: str, home: str, places: Places, *, bare: bool = False) -> str:
    """Markdown of a file in the folder `home` of the checkout, with links that hold in the site.

    With `bare`, names count without `kgwb.` before them too, as docstrings write them.
    """
    text = _LINK.sub(lambda found: _rewrite_link(found, home, places), text)
    return _outside_code(text, lambda piece: piece, lambda code: _link_name(code, places, bare=bare))


def _outside_code(text: str, change: Callable[[str], str], change_code: Callable[[str], str]) -> str:
    """Fenced blocks stay; what is code within a line, unless it is a link's text already, is changed by `change_code`."""
    parts = _CODE.split(text)
    for i, part in enumerate(parts):
        if i % 2 == 0:
            parts[i] = change(part)
        elif not part.startswith("```") and not re.search(r"\[[^\]]*$", parts[i - 1]):
            parts[i] = change_code(part)
    return "".join(parts)


def _rewrite_link(found: re.Match[str], home: str, places: Places) -> str:
    image, label, target = found.groups()
    if "://" in target or target.startswith(("#", "/", "mailto:")):
        return found[0]
    path, _, anchor = target.partition("#")
    place = _resolve(home, path)
    if image:
        return show_picture((places.root / place).read_text(encoding="utf-8"), label)
    page = places.pages.get(place)
    if page is None:
        return label if "`" in label else f"{label} (`{place}` in the checkout)"
    if place.startswith("notebooks/solutions/"):
        anchor = name_anchor(PurePosixPath(place).stem)
    return f"[{label}](/{page}{'#' + anchor if anchor else ''})"


def _resolve(home: str, path: str) -> str:
    steps: list[str] = []
    for step in PurePosixPath(home, path).parts:
        steps = steps[:-1] if step == ".." else [*steps, step]
    return "/".join(steps)


def _link_name(code: str, places: Places, *, bare: bool) -> str:
    found = _NAME.fullmatch(code)
    if not found:
        return code
    name = found[1]
    told = "_" in name or name[:1].isupper()  # `read` and `answer` are often another thing of that name
    page = places.names.get(name) or (places.names.get(f"kgwb.{name}") if bare and told else None)
    return f"[{code}](/{page})" if page else code


def name_anchor(stem: str) -> str:
    """Where the answers of a notebook begin, on the page of all answers."""
    return f"answers-{stem.replace('_', '-')}"


def show_picture(svg: str, label: str = "") -> str:
    """A picture in the page itself, where it follows the page's light and dark. A blank line would end it."""
    bare = re.sub(r"\n\s*(?=\n)", "", re.sub(r"<\?xml[^>]*\?>", "", svg)).strip()
    said = f"<figcaption>{html.escape(label)}</figcaption>" if label else ""
    return f'<figure class="picture"><div class="wide">{bare}</div>{said}</figure>'


def escape_text(text: str) -> str:
    """Plain text, as docstrings hold it, that Markdown leaves as it is; code in it stays code."""
    return _outside_code(text, lambda piece: re.sub(r"([*_<\[\]$|\\{}])", r"\\\1", piece), lambda code: code)


def fold(summary: str, body: str, kind: str) -> str:
    """Markdown that is folded until somebody asks for it."""
    return f'<details class="{kind}">\n<summary>{html.escape(summary)}</summary>\n\n{body}\n\n</details>'


def fence(code: str, language: str) -> str:
    """A block of code, whatever it holds."""
    longest = max([3, *(len(found) + 1 for found in re.findall(r"^`{3,}", code, re.MULTILINE))])
    return f"{'`' * longest}{language}\n{code.strip()}\n{'`' * longest}"
