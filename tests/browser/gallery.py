"""Every view as an offline page and as a still picture, photographed light and dark: `make gallery`, then look.

Written to build/gallery: a page and a still for each, photographs of both in three widths, and an index of them all. With
`--pages FOLDER` only the pages and stills, and views.json, which says what they are: that needs no browser, and `make site`
takes them from there.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from chromium import FLAGS, NAMES
from makers import show_review

import kgwb

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "gallery"
WIDTHS = (390, 1000, 1440)
PERSON = "Akish Dorne"


def make_views() -> Iterator[tuple[str, Callable[[], Any]]]:
    """The name of each view and what makes it, on an invented world that no model has read about."""
    graph = kgwb.read_graph(ROOT / "sample_graphs" / "archipelago")
    options = {**kgwb.preset("complex", "small"), "epochs": 12}
    dim = options.pop("dim")
    vectors, other = (kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=dim, seed=seed) for seed in (0, 1))
    film = kgwb.see.record_film(vectors, kgwb.train_embedding(vectors, graph, **options), highlight=PERSON)
    runs = {"ComplEx": film, "other seed": kgwb.train_embedding(other, graph, **options)}
    training = kgwb.show_training(runs)
    sentences = kgwb.read_sentences(ROOT / "sample_graphs" / "archipelago", graph)
    questions = kgwb.make_questions(sentences, graph, relations=["speaks", "member of"])
    seen, unseen = kgwb.split_questions(questions, share=0.3, seed=0)
    bert = kgwb.load_bert("minilm")
    model = kgwb.inject(bert, vectors, mode=("entity", "memory"))
    tuning = kgwb.show_training(kgwb.tune(model, kgwb.MaskedAnswers(seen), epochs=1, seed=0))
    asked = [question.text for question in unseen[:3]]
    asked_all = [question.text for question in unseen][:60]
    before, after = kgwb.read(bert, asked), kgwb.read(model, asked)
    predicted = vectors.predict(head=PERSON, relation="born in", k=6)
    predicted = (
        predicted[~predicted["known"]]
        .head(3)
        .rename(columns={"entity": "tail"})
        .assign(head=PERSON, relation="born in")
    )
    chances = torch.tensor(predicted["score"].to_numpy()).softmax(0).numpy()
    predicted = pd.DataFrame(predicted[["head", "relation", "tail"]]).assign(probability=chances)
    search = kgwb.find_settings(kgwb.split_triples(graph), passes=60, fixed={"dim": 64}, memory=1)
    report = kgwb.probe({"plain": bert, "entity+memory": model}, unseen)

    yield "graph around a person", lambda: kgwb.show_graph(graph, around=PERSON, hops=2, limit=60, predicted=predicted)
    yield "graph as a whole", lambda: kgwb.show_graph(graph)
    yield "two spaces", lambda: kgwb.show_space(vectors, beside=other, method="pca")
    yield "heads", lambda: kgwb.see.show_heads(bert, asked_all, after=model, graph=graph)
    yield "review", show_review
    yield "space", lambda: kgwb.show_space(vectors, highlight=PERSON)
    yield "film", lambda: film
    yield "training", lambda: training
    yield "tuning", lambda: tuning
    yield "attention", lambda: kgwb.show_attention(before, graph=graph)
    yield "attention before and after", lambda: kgwb.show_attention(before, after, graph=graph)
    yield "probe", lambda: kgwb.see.show_probe(report)
    yield "search for settings", lambda: search_on(search)
    yield "linked", lambda: link_three(graph, vectors, before, after)


def search_on(search: Any) -> Any:
    view = kgwb.see.show_search(search)
    for _ in view:
        pass
    return view


def link_three(graph: Any, vectors: Any, before: Any, after: Any) -> Any:
    return kgwb.link(
        kgwb.show_graph(graph, around=PERSON),
        kgwb.show_space(vectors, method="pca"),
        kgwb.show_attention(before, after, graph=graph),
    )


def write_pages(folder: Path, views: Iterable[tuple[str, Callable[[], Any]]]) -> None:
    """The pages and stills, and in views.json their names, kinds, titles and captions, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, make in views:
        view = make()
        view.save(folder / f"{name}.svg")
        view.save(folder / f"{name}.html")
        listed.append({"name": name, "kind": type(view).__name__, "title": view.title, "caption": view.caption})
    (folder / "views.json").write_text(json.dumps(listed, indent=1, ensure_ascii=False), encoding="utf-8")


def photograph(browser: Any, page: Path, name: str) -> list[Path]:
    """Whole pages in each width, light and dark, after half a second."""
    pictures = []
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            opened.goto(page.as_uri())
            opened.wait_for_timeout(500)
            pictures.append(FOLDER / f"{name}-{scheme}-{width}.png")
            opened.screenshot(path=pictures[-1], full_page=True)
            opened.close()
    return pictures


def write_index(names: list[str]) -> None:
    rows = "".join(
        f'<h2><a href="{html.escape(name)}.html">{html.escape(name)}</a></h2><img src="{html.escape(name)}.svg" alt="">'
        for name in names
    )
    style = "<style>body{font:16px system-ui;max-width:1000px;margin:2em auto}img{max-width:100%}</style>"
    text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title>{style}{rows}</html>'
    (FOLDER / "index.html").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="write pages and stills only, to this folder")
    pages = parser.parse_args().pages
    write_pages(pages, make_views()) if pages else write_gallery()


def write_gallery() -> None:
    from playwright.sync_api import sync_playwright

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    found = next(filter(None, map(shutil.which, NAMES)))
    names = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        for name, make in make_views():
            view = make()
            view.save(FOLDER / f"{name}.svg")
            photograph(browser, view.save(FOLDER / f"{name}.html"), name)
            names.append(name)
        browser.close()
    write_index(names)


if __name__ == "__main__":
    main()
