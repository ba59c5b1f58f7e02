"""The pages around the notebooks: the first one, the list of notebooks, the gallery, the sample graphs and the figures."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from notebook_pages import Notebook
from texts import Places, fence, rewrite_text, show_picture

# What a reader's hand can do on the page of a kind of view, without a kernel.
MOVES = {
    "GraphView": "Drag a mark or the paper, zoom, walk from neighbour to neighbour, search, choose types, facts and paths.",
    "SpaceView": "Zoom, drag, circle points, search, change the map and its colours, read a point's true neighbours.",
    "FilmView": "Play, stop and step through training, zoom, follow a point.",
    "AttentionView": "Choose sentence, layer, head and word; fold heads; read each weight as a number.",
    "HeadsView": "Choose what the axes measure, choose a head, see the sentences in which it does most.",
    "TrainingView": "Read every epoch's figures, choose runs and scale.",
    "ReviewView": "Accept, reject and undo by mouse or keyboard; without a kernel no graph grows from it.",
    "LinkedViews": "Choose in one view, and all others follow.",
    "ProbeView": "A table and a picture that stand still: there is nothing to choose in it.",
}
NOT_HERE = (
    "What needs a kernel is not here: `kgwb.Workbench` and its panels, training and tuning that run on, answers "
    "to a sentence of your own, `view.selection` as a data frame, and whatever a view asks its kernel for, such "
    "as neighbours beyond those packed into the page. The pictures in the notebooks are stills of the moment in "
    "which they were saved; the views below were made when this site was built, from the archipelago and with few "
    "epochs, so their figures differ from those in the notebooks."
)


@dataclass(frozen=True)
class BuiltView:
    """A view as an offline page beside its still.

    Attributes:
        name: of its files.
        kind: its class.
        title: what is seen.
        caption: how far to trust it.
    """

    name: str
    kind: str
    title: str
    caption: str

    @property
    def slug(self) -> str:
        return self.name.replace(" ", "-")

    @property
    def page(self) -> str:
        return f"gallery/{self.slug}.md"


def read_views(folder: Path) -> list[BuiltView]:
    """What `tests/browser/gallery.py --pages` wrote."""
    return [BuiltView(**row) for row in json.loads((folder / "views.json").read_text(encoding="utf-8"))]


def map_kinds(views: Sequence[BuiltView]) -> dict[str, tuple[str, str]]:
    """By kind, the page and title of the view to show beside a still of that kind; what stands still needs none.

    Of several, it is the one that is called as its kind is ("space" rather than "two spaces"), or else the first. Attention
    before and after is a kind by itself.
    """
    kinds: dict[str, tuple[str, str]] = {}
    for view in views:
        if view.name == "attention before and after":
            kinds[f"{view.kind} before and after"] = (view.page, view.title)
        elif view.name == view.kind.removesuffix("View").lower():
            kinds[view.kind] = (view.page, view.title)
        else:
            kinds.setdefault(view.kind, (view.page, view.title))
    kinds.pop("ProbeView", None)
    return kinds


def write_gallery(views: Sequence[BuiltView], folder: Path, places: Places) -> Iterator[tuple[str, str]]:
    """The index of the gallery, and a page for each view."""
    names = "\n".join(view.slug for view in views)
    cards = "\n\n".join(
        f"## [{view.name.capitalize()}](/{view.page})\n\n"
        f"{show_picture((folder / f'{view.name}.svg').read_text(encoding='utf-8'))}\n\n{view.title}."
        for view in views
    )
    lead = "Each view on a page of its own, which moves without a kernel and without a network."
    index = f"# Gallery\n\n{lead}\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n\n{NOT_HERE}\n\n{cards}\n"
    yield "gallery/index.md", rewrite_text(index, "", places)
    for view in views:
        yield view.page, rewrite_text(_write_view(view), "", places)


def _write_view(view: BuiltView) -> str:
    file = f"../views/{view.slug}.html"
    frame = f'<iframe class="view" src="{file}" title="{html.escape(view.title)}" loading="lazy"></iframe>'
    moves = MOVES.get(view.kind, "")
    alone = f'<p class="alone"><a href="{file}">Open it alone, on the whole screen</a></p>'
    made = f"{moves} Made by `kgwb.{_maker(view.kind)}`."
    return "\n\n".join(["---\nhide-toc: true\n---", f"# {view.name.capitalize()}", made, alone, frame]) + "\n"


def _maker(kind: str) -> str:
    makers = {"FilmView": "record_film", "LinkedViews": "link", "ReviewView": "see.show_review"}
    return makers.get(kind, f"show_{kind.removesuffix('View').lower()}")


# Said by the frame of a view: which light the page around it has; and by the view: how tall it is.
FRAMED = """<script>
addEventListener("message", ({ data }) => {
  if (!data || !("kgwbLight" in data)) return;
  document.documentElement.dataset.jpThemeLight = data.kgwbLight;
  document.documentElement.style.colorScheme = data.kgwbLight === "true" ? "light" : "dark";
});
if (parent !== window)
  new ResizeObserver(() => parent.postMessage({ kgwbHeight: document.body.scrollHeight }, "*")).observe(document.body);
</script>"""


def frame_view(page: str) -> str:
    """The page of a view, so that a frame around it can tell it light or dark, and it can tell the frame its height."""
    head, body, rest = page.rpartition("</body>")
    return f"{head}{FRAMED}{body}{rest}" if body else page + FRAMED


def write_samples(root: Path, places: Places) -> Iterator[tuple[str, str]]:
    """Where the facts of the sample graphs come from."""
    folders = sorted(path.parent for path in (root / "sample_graphs").glob("*/README.md"))
    names = "\n".join(folder.name for folder in folders)
    rows = "\n".join(f"- [{folder.name}]({folder.name}.md): {_first_sentence(folder)}" for folder in folders)
    lead = "Small graphs that come with kgwb, each with its source, licence and counts; `kgwb.sample(name)` finds them."
    chart = "- `org_chart.csv`: an invented company, 24 people in nine teams, as one table."
    text = f"# Sample graphs\n\n{lead}\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n\n{rows}\n{chart}\n"
    yield "samples/index.md", rewrite_text(text, "sample_graphs", places)
    for folder in folders:
        text = (folder / "README.md").read_text(encoding="utf-8")
        yield f"samples/{folder.name}.md", rewrite_text(text, f"sample_graphs/{folder.name}", places)


def _first_sentence(folder: Path) -> str:
    text = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")[1]
    return re.split(r"(?<=[.。])(?:\s|$)", " ".join(text.split()))[0]


def write_first(root: Path, places: Places, languages: Mapping[str, Sequence[Notebook]]) -> str:
    """The first page: README, and below it the way to everything else."""
    text = rewrite_text((root / "README.md").read_text(encoding="utf-8"), "", places)
    title, lead, rest_of_it = text.split("\n\n", 2)
    text = "\n\n".join([title, lead, _list_ways(languages), rest_of_it])
    homes = "\n".join(f"{home}/index" for home, notebooks in languages.items() if notebooks)
    rest = ["gallery/index", "samples/index", "reference/index", "figures", "changes"]
    return f"{text}\n\n" + fence(f":hidden:\n\n{homes}\n" + "\n".join([*rest, "answers"]), "{toctree}")


def _list_ways(languages: Mapping[str, Sequence[Notebook]]) -> str:
    """One line, for on a phone the list of pages is folded away."""
    other = [f"[笔记本](/{home}/index.md)" for home, found in languages.items() if found and home != "notebooks"]
    ways = {"Gallery": "gallery/index.md", "Sample graphs": "samples/index.md", "Reference": "reference/index.md"}
    links = [
        f"[{name}](/{page})"
        for name, page in {"Notebooks": "notebooks/index.md", **ways, "Answers": "answers.md"}.items()
    ]
    return "In this folder: " + " · ".join([*links, *other]) + "."


def write_list(root: Path, home: str, notebooks: Sequence[Notebook], places: Places, title: str) -> str:
    """The list of notebooks of one language: the README of their folder, or else their titles."""
    readme = root / home / "README.md"
    if readme.is_file():
        text = rewrite_text(readme.read_text(encoding="utf-8"), home, places)
    else:
        text = f"# {title}\n\n" + "\n".join(f"- [{each.title}](/{each.path})" for each in notebooks)
    names = "\n".join(each.stem for each in notebooks)
    return f"{text}\n\n" + fence(f":hidden:\n\n{names}", "{toctree}")
