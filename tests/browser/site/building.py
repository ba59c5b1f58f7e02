"""Build the site of the course: `make site`. A folder of static pages that opens from a memory stick.

The notebooks are taken as they were saved. The pages of the views come from `tests/browser/gallery.py --pages`, and
the handouts are printed afterwards by handouts.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from notebook_pages import LANGUAGES, Notebook, read_notebooks, write_answers, write_notebook
from other_pages import (
    BuiltView,
    frame_view,
    map_kinds,
    read_views,
    write_first,
    write_gallery,
    write_list,
    write_samples,
)
from reference_pages import ROOMS, PublicName, list_names, map_names, write_reference
from texts import Places, rewrite_text

ROOT = Path(__file__).parents[3]
# Further texts of the checkout that have a page.
TEXTS = {"tests/benchmarks/README.md": "figures.md", "CHANGELOG.md": "changes.md"}


def map_places(root: Path, languages: Mapping[str, Sequence[Notebook]], names: Sequence[PublicName]) -> Places:
    """Which files, folders and names of the checkout have a page, and where."""
    pages = {**TEXTS, "README.md": "index.md", "notebooks/solutions": "answers.md"}
    for home, notebooks in languages.items():
        if notebooks:
            pages |= {home: f"{home}/index.md", f"{home}/README.md": f"{home}/index.md"}
        for each in notebooks:
            pages |= {each.path: each.path, f"{home}/solutions/{each.stem}.py": "answers.md"}
    pages |= {"sample_graphs": "samples/index.md"}
    for readme in (root / "sample_graphs").glob("*/README.md"):
        name = readme.parent.name
        pages |= dict.fromkeys((f"sample_graphs/{name}", f"sample_graphs/{name}/README.md"), f"samples/{name}.md")
    pages |= {f"kgwb/{room}": f"reference/{room}/index.md" for room in ROOMS}
    return Places(root, pages, map_names(names))


def write_sources(root: Path, views: Sequence[BuiltView], folder: Path) -> Iterator[tuple[str, str]]:
    """The source of every page."""
    languages = {home: read_notebooks(root, home) for home in LANGUAGES}
    names = list_names(root)
    places = map_places(root, languages, names)
    yield "index.md", write_first(root, places, languages)
    for home, notebooks in languages.items():
        if notebooks:
            yield f"{home}/index.md", write_list(root, home, notebooks, places, LANGUAGES[home])
        for each in notebooks:
            yield each.path, write_notebook(each, places, map_kinds(views))
    yield "answers.md", write_answers(languages["notebooks"])
    yield from write_gallery(views, folder, places)
    yield from write_samples(root, places)
    yield from write_reference(names, root, places)
    for path, page in TEXTS.items():
        yield page, rewrite_text((root / path).read_text(encoding="utf-8"), str(Path(path).parent), places)


def lay_out(root: Path, folder: Path, source: Path) -> None:
    """Everything that Sphinx builds from, and what is copied as it is."""
    views = read_views(folder)
    shutil.rmtree(source, ignore_errors=True)
    for page, text in write_sources(root, views, folder):
        path = source / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    extra = source / "extra"
    (extra / "views").mkdir(parents=True)
    for view in views:
        text = (folder / f"{view.name}.html").read_text(encoding="utf-8")
        (extra / "views" / f"{view.slug}.html").write_text(frame_view(text), encoding="utf-8")
    kept = shutil.ignore_patterns("README.md", ".*", "__pycache__")
    shutil.copytree(root / "notebooks", extra / "downloads", ignore=kept)


def build(root: Path, folder: Path, out: Path) -> int:
    """The site in `out`, from the checkout and the pages of the views; Sphinx's exit code."""
    from sphinx.cmd.build import build_main

    source = out.parent / f"{out.name}-source"
    lay_out(root, folder, source)
    shutil.rmtree(out, ignore_errors=True)
    here = str(Path(__file__).parent)
    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", here, "-d", str(source / "doctrees")]
    code = build_main([*options, "-D", f"html_extra_path={source / 'extra'}", str(source), str(out)])
    for left in (".buildinfo", "objects.inv"):
        (out / left).unlink(missing_ok=True)
    shutil.rmtree(out / "_sources", ignore_errors=True)
    return int(code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    parser.add_argument("--views", type=Path, default=ROOT / "build" / "site-views", help="the pages of the views")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    asked = parser.parse_args()
    sys.exit(build(asked.root.resolve(), asked.views.resolve(), asked.out.resolve()))


if __name__ == "__main__":
    main()
