"""The built site holds everything, loads nothing from elsewhere, and leads nowhere that is not there."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

import kgwb

ROOMS = ("graph", "embed", "bert", "learn", "see", "lessons")


pytestmark = pytest.mark.timeout(1800)  # the first one waits for the build, a minute where nothing else runs


def list_public_names() -> list[tuple[str, str]]:
    """(room, name) of each, as Python itself has them once the rooms are imported."""
    found = []
    for room in ROOMS:
        text = Path(inspect.getfile(importlib.import_module(f"kgwb.{room}"))).read_text(encoding="utf-8")
        names = re.findall(r"^from \S+ import \w+ as (\w+)$", text, re.MULTILINE)
        names += [name for name in ("TransE", "DistMult", "ComplEx", "RotatE", "RESCAL") if room == "embed"]
        found += [(room, name) for name in names if callable(getattr(getattr(kgwb, room), name))]
    return found


def test_no_page_loads_anything_from_elsewhere(pages: list[Any]) -> None:
    for page in pages:
        assert not [
            address for address in page.loaded if "//" in address.partition(",")[0] and address[:5] != "data:"
        ], page.path


def test_no_style_loads_anything_from_elsewhere(site: Path, pages: list[Any]) -> None:
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    styles += [style for page in pages for style in re.findall(r"<style.*?</style>", page.text, re.DOTALL)]
    for style in styles:
        assert not re.findall(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^)"']+""", style)


def test_no_script_is_a_module_or_fetches(site: Path, pages: list[Any]) -> None:
    """Under file:// a browser refuses both."""
    assert not [page.path for page in pages if re.search(r'<script[^>]*type="module"', page.text)]
    assert "SHOW_SEARCH_SUMMARY: false" in (site / "_static/documentation_options.js").read_text()


def test_every_link_within_the_site_lands(site: Path, pages: list[Any]) -> None:
    anchors = {page.path: page.anchors for page in pages}
    lost = []
    for page in pages:
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            place = unquote(parts.fragment)
            if not target.exists() or (place and place not in anchors.get(target, {place})):
                lost.append((page.path.relative_to(site).as_posix(), link))
    assert lost == []


def test_nothing_in_it_needs_a_disk_that_tells_capitals_apart(site: Path) -> None:
    files = [path.relative_to(site).as_posix() for path in site.rglob("*")]
    assert len({file.casefold() for file in files}) == len(files)
    assert not [file for file in files if re.search(r'[<>:"|?*\\]|[. ]$', file)]
    assert max(map(len, files)) < 120


def test_every_notebook_has_a_page_and_can_be_had(site: Path, repository: Path) -> None:
    for path in sorted((repository / "notebooks").glob("*.ipynb")):
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert f'<a href="../downloads/{path.name}" download>' in text
        assert (site / "downloads" / path.name).read_bytes() == path.read_bytes()
        assert (site / "downloads" / "pictures" / f"{path.stem}.svg").is_file()


def test_every_public_name_has_a_page(site: Path) -> None:
    missing = [name for name in list_public_names() if not (site / "reference" / name[0] / f"{name[1]}.html").is_file()]
    assert missing == []
    first = (site / "reference" / "index.html").read_text(encoding="utf-8")
    for name in dir(kgwb):
        assert name in ROOMS or f"kgwb.{name}<" in first, name
    assert len(list_public_names()) > 200


def test_a_page_of_the_reference_says_what_the_docstring_says(site: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (site / "reference" / "graph" / "read_graph.html").read_text(encoding="utf-8"))
    assert "kgwb.read_graph(" in text and "Read a graph from a file or a folder." in text
    for heading in ("Arguments", "Raises", "Example"):
        assert heading in text
    for argument in inspect.signature(kgwb.read_graph).parameters:
        assert re.search(rf"\b{argument}\b", text)


def test_every_sample_graph_has_a_page(site: Path, repository: Path) -> None:
    for readme in (repository / "sample_graphs").glob("*/README.md"):
        assert (site / "samples" / f"{readme.parent.name}.html").is_file()


def test_every_kind_of_live_view_has_a_page_in_a_frame(site: Path) -> None:
    for name in ("GraphView", "SpaceView", "AttentionView", "HeadsView", "FilmView", "TrainingView", "ReviewView"):
        assert f'src="../views/{name}.html"' in (site / "gallery" / f"{name}.html").read_text(encoding="utf-8")
        assert (site / "views" / f"{name}.html").is_file()


def test_a_still_of_a_live_view_says_where_its_kind_moves(site: Path, repository: Path) -> None:
    kinds = r"(GraphView|SpaceView|AttentionView|HeadsView|FilmView|TrainingView|ReviewView|Attention of)"
    for path in sorted((repository / "notebooks").glob("*.ipynb")):
        outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
        stills = [out for out in outputs if re.match(kinds, str(out.get("data", {}).get("text/plain", "")))]
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert text.count('<div class="movable">') >= bool(stills)
        notes = re.findall(
            r'class="movable">\s*<p>A still picture\. One of other data that moves: <a[^>]*href="([^"]*)', text
        )
        assert len(notes) == text.count('class="movable"') and all(each.startswith("../gallery/") for each in notes)


def test_each_exercise_has_its_solution_folded_below_it_and_among_the_answers(site: Path, repository: Path) -> None:
    answers = (site / "answers.html").read_text(encoding="utf-8")
    for path in sorted((repository / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, 4).cells
        exercises = [tag for cell in cells for tag in cell.metadata.get("tags", []) if tag.startswith("exercise-")]
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert text.count('<details class="solution">') == len(exercises) > 0
        assert "<details open" not in text
        titles = re.findall(r"^### (.*\d+ minutes.*)$", "\n".join(cell.source for cell in cells), re.MULTILINE)
        assert len(titles) == len(exercises)
        for title in titles:
            assert re.sub(r"[`*]", "", title).partition(":")[0] in re.sub(r"<[^>]+>", "", answers)
    assert "No solution is kept for it." not in answers


def test_hints_are_folded_and_formulas_are_mathml(site: Path) -> None:
    text = (site / "notebooks" / "98_signs.html").read_text(encoding="utf-8")
    assert re.search(r"<details>\s*<summary>Hint</summary>\s*<p>Think of <em>nothing</em>.</p>\s*</details>", text)
    assert (
        text.count("<math ") == 2
        and "∑" in text
        and "‖" in text
        and "$" not in re.sub(r"<script.*?</script>", "", text)
    )


def test_a_notebook_is_shown_as_it_was_saved_and_never_run(site: Path) -> None:
    text = (site / "notebooks" / "98_signs.html").read_text(encoding="utf-8")
    assert "as it was saved" in text and "ZeroDivisionError" not in text


def test_notebooks_in_chinese_are_a_section_of_their_own(site: Path) -> None:
    page = site / "notebooks" / "zh" / "98_signs.html"
    text = page.read_text(encoding="utf-8")
    assert '<html class="no-js" lang="zh"' in text and 'href="../02_facts_as_geometry.html"' in text
    assert '<a href="../../downloads/zh/98_signs.ipynb" download>' in text
    assert "notebooks/zh/index.html" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("tex", [r"\unknown{a}", r"\begin{nothing}a\end{nothing}"])
def test_a_formula_that_cannot_be_read_ends_the_build(site_python: Path, repository: Path, tex: str) -> None:
    code = f"import mathml; mathml.write_mathml({tex!r}, block=False)"
    folder = repository / "tests" / "browser" / "site"
    done = subprocess.run(
        [site_python, "-c", code], check=False, cwd=folder, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode != 0 and f"This TeX cannot be set: {tex!r}" in done.stderr
