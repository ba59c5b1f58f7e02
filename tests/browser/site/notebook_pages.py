"""A page for each notebook, as it was saved: nothing is run. Solutions are folded below their exercises, pictures stand in the
page, and a still of a live view says where its kind can be moved."""

from __future__ import annotations

import base64
import copy
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from texts import Places, fence, fold, name_anchor, rewrite_text, show_picture

LANGUAGES = {"notebooks": "English", "notebooks/zh": "中文"}
SAYS = {
    "notebooks": {
        "solution": "Solution",
        "download": "Download: [notebook (.ipynb)]({})",
        "handout": "handout (PDF)",
        "no handout": "no PDF handout: this site was built without a browser",
        "movable": "A still picture. One of other data that moves: [{}]({}).",
        "where": "To run it, keep this file beside its folder *pictures*, with kgwb installed.",
    },
    "notebooks/zh": {
        "solution": "参考答案",
        "download": "下载：[笔记本 (.ipynb)]({})",
        "handout": "讲义 (PDF)",
        "no handout": "没有 PDF 讲义：生成本站时没有浏览器",
        "movable": "这是静态图。可以操作的同类视图（数据不同）：[{}]({})。",
        "where": "运行时请把它和 *pictures* 文件夹放在一起，并安装 kgwb。",
    },
}
_STILL = re.compile(r"<figure class=\"kgwb-still\".*?</figure>", re.DOTALL)
_IMAGE = re.compile(r'alt="([^"]*)"[^>]*src="data:image/svg\+xml;base64,([^"]+)"')


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        number: "exercise-1".
        title: as its heading has it.
        minutes: as its heading states them; none where it does not.
        solution: the code that solves it.
    """

    number: str
    title: str
    minutes: int | None
    solution: str


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was saved, with one answer to each exercise.

    Attributes:
        path: where it lies in the checkout, as `notebooks/02_facts_as_geometry.ipynb`.
        title: its first heading.
        cells: as nbformat reads them.
        exercises: in order.
        imports: what the solutions need before them.
    """

    path: str
    title: str
    cells: Sequence[Any]
    exercises: Sequence[Exercise]
    imports: str

    @property
    def home(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        return Path(self.path).stem


def read_notebooks(root: Path, home: str) -> list[Notebook]:
    """Those of a folder of the checkout, in order; none where there is no such folder."""
    return [_read_notebook(root, path) for path in sorted((root / home).glob("*.ipynb"))]


def _read_notebook(root: Path, path: Path) -> Notebook:
    cells = nbformat.read(path, as_version=4).cells
    places = [path.parent / "solutions" / f"{path.stem}.py", root / "notebooks" / "solutions" / f"{path.stem}.py"]
    found = next((place for place in places if place.is_file()), None)
    parts = re.split(r"^# %% (exercise-\d+)\n", found.read_text(encoding="utf-8") if found else "", flags=re.MULTILINE)
    solutions = {number: code.strip() for number, code in zip(parts[1::2], parts[2::2], strict=True)}
    imports = re.sub(r'\A\s*""".*?"""', "", parts[0], flags=re.DOTALL).strip()
    exercises, heading = [], ""
    for cell in cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^### (.+)$", cell.source, re.MULTILINE)
            heading = headings[-1] if headings else heading
        number = _find_exercise(cell)
        if number:
            minutes = re.search(r"(\d+)\s*(?:minutes?|分钟)", heading)
            exercises.append(Exercise(number, heading, int(minutes[1]) if minutes else None, solutions.get(number, "")))
    title = re.search(r"^# (.+)$", cells[0].source, re.MULTILINE)
    return Notebook(
        path.relative_to(root).as_posix(), title[1] if title else path.stem, cells, tuple(exercises), imports
    )


def _find_exercise(cell: Any) -> str:
    return next((tag for tag in cell.metadata.get("tags", []) if re.fullmatch(r"exercise-\d+", tag)), "")


def write_notebook(notebook: Notebook, places: Places, views: Mapping[str, tuple[str, str]]) -> str:
    """The source of its page. `views` gives, by kind, the page of a movable view and its title."""
    made: list[Any] = []
    pending = ""
    solutions = {each.number: each.solution for each in notebook.exercises}
    says = SAYS[notebook.home]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = rewrite_text(cell.source, notebook.home, places)
            made.append(_say(text))
            if len(made) == 1:
                made.append(_say(_write_downloads(notebook, says)))
            continue
        made.append(_show_outputs(cell))
        kinds = dict.fromkeys(_find_kind(output) for output in cell.get("outputs", []))
        made += [_say(_note_movable(kind, views, says)) for kind in kinds if kind.partition(" ")[0] in views]
        # A solution stands below the check of its exercise, which is the next cell of code.
        if pending and solutions.get(pending):
            made.append(_say(fold(says["solution"], fence(solutions[pending], "python"), "solution")))
        pending = _find_exercise(cell)
    page = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(page.cells):
        cell["id"] = f"cell-{number}"
    return nbformat.writes(page)


_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def _say(text: str) -> Any:
    return nbformat.v4.new_markdown_cell(text)


def _write_downloads(notebook: Notebook, says: Mapping[str, str]) -> str:
    """Where notebook and handout can be had. Whether there is a handout is known once it is printed."""
    up = "../" * len(Path(notebook.home).parts)
    file = f"{up}downloads/{notebook.path.removeprefix('notebooks/')}"
    link = re.sub(r"\[(.*?)\]\(\{\}\)", lambda found: f'<a href="{file}" download>{found[1]}</a>', says["download"])
    where = re.sub(r"[*](.*?)[*]", r"<em>\1</em>", says["where"])
    missing = f'<span class="no-handout">{says["no handout"]}</span>'
    return f'<p class="downloads">{link} · {missing}<br>{where}</p>'


def offer_handout(page: str, address: str, home: str) -> str:
    """A built page, with a link to its handout now that there is one."""
    link = f'<a href="{html.escape(address)}">{SAYS[home]["handout"]}</a>'
    return re.sub(r'<span class="no-handout">.*?</span>', link, page, count=1)


def _show_outputs(cell: Any) -> Any:
    """The cell, with pictures that stand in the page itself."""
    shown = copy.deepcopy(cell)
    for output in shown.get("outputs", []):
        data = output.get("data", {})
        if "image/svg+xml" in data:
            output["data"] = {"text/html": show_picture("".join(data["image/svg+xml"]))}
        elif "text/html" in data:
            output["data"] = {"text/html": _open_stills("".join(data["text/html"]))}
    return shown


def _open_stills(markup: str) -> str:
    """Stills of linked views are images of SVG, which would not follow the page's light and dark."""

    def open_still(found: re.Match[str]) -> str:
        image = _IMAGE.search(found[0])
        if image is None:
            return found[0]
        return show_picture(base64.b64decode(image[2]).decode("utf-8"))

    return _STILL.sub(open_still, markup)


def _find_kind(output: Any) -> str:
    """The kind of view that an output is a still of, from how its saved text begins; or nothing."""
    text = "".join(output.get("data", {}).get("text/plain", ""))
    if text.startswith("Attention of"):
        return "AttentionView before and after" if re.match(r"Attention of [^:]+ and [^:]+:", text) else "AttentionView"
    begun = re.match(r"\w+Views?\b", text)
    return begun[0] if begun else ""


def _note_movable(kind: str, views: Mapping[str, tuple[str, str]], says: Mapping[str, str]) -> str:
    page, title = views.get(kind) or views[kind.partition(" ")[0]]
    label = re.sub(r"([\[\]])", r"\\\1", title)
    return f'<div class="movable">\n\n{says["movable"].format(label, f"/{page}")}\n\n</div>'


def write_answers(notebooks: Sequence[Notebook]) -> str:
    """The page of all solutions, for whoever teaches."""
    parts = [
        "# Answers",
        "For whoever teaches: every exercise with its minutes and one answer to it. In the notebooks' own pages the same "
        "answers are folded below the exercises. A check accepts every answer that is right, not only these.",
    ]
    minutes = sum(exercise.minutes or 0 for notebook in notebooks for exercise in notebook.exercises)
    count = sum(len(notebook.exercises) for notebook in notebooks)
    rows = [
        f"| [{notebook.title}](#{name_anchor(notebook.stem)}) | {len(notebook.exercises)} "
        f"| {sum(exercise.minutes or 0 for exercise in notebook.exercises)} |"
        for notebook in notebooks
    ]
    parts.append(
        "\n".join(["| notebook | exercises | minutes |", "|---|---|---|", *rows, f"| all | {count} | {minutes} |"])
    )
    for notebook in notebooks:
        parts.append(f"({name_anchor(notebook.stem)})=\n## {notebook.title}")
        parts.append(f"[To the notebook](/{notebook.path})")
        parts += [fence(notebook.imports, "python")] if notebook.imports else []
        for exercise in notebook.exercises:
            parts.append(f"### {exercise.title}")
            parts.append(fence(exercise.solution, "python") if exercise.solution else "No solution is kept for it.")
    return "\n\n".join(parts)
