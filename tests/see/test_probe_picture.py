"""A drawn probe: every run where its accuracy is, controls told apart, hostile names stay text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Tree
from pathlib import Path

import pandas as pd
import pytest

from kgwb.graph.errors import UnknownNameError
from kgwb.learn import ProbeReport
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.probe.view import ProbeView, show_probe

RUNS = {"plain": 2, "text": 9, "entity": 8, "entity/shuffled": 3, "entity/noise 0.2": 6, "memory": 10, "memory/off": 2}


def make_report(
    runs: dict[str, int] = RUNS, seeds: int = 3, relations: tuple[str, ...] = ("born", "isle")
) -> ProbeReport:
    counts = [
        {"run": run, "seed": seed, "relation": relation, "questions": 10, "correct": max(0, right - seed % 2)}
        for run, right in runs.items()
        for seed in range(seeds)
        for relation in relations
    ]
    every = {"relation": relations, "questions": 10, "chance": 0.25, "majority": 0.3}
    return ProbeReport(pd.DataFrame(counts), pd.DataFrame(every), chance=0.25)


def read_texts(view: ProbeView) -> list[str]:
    return [
        "".join(element.itertext()) for element in Tree.fromstring(view.picture).iter() if element.tag.endswith("text")
    ]


def test_doors_have_rows_and_figures_and_controls_are_hollow() -> None:
    view = show_probe(make_report(seeds=1))
    texts = read_texts(view)
    assert {"text", "entity", "memory"} <= set(texts) and "entity/shuffled" not in texts
    assert {"0.90", "0.80", "1.00", "+0.50", "+0.80"} <= set(texts)
    circles = re.findall(r"<circle [^>]*>", view.picture)
    hollow = [circle for circle in circles if 'class="paper"' in circle]
    assert [re.search(r'stroke="(#\w+)"', circle)[1] for circle in hollow] == list(TYPE_COLOURS[:3])
    assert {"shuffled", "noise 0.2", "off", "plain BERT", "chance"} <= set(texts)


def test_a_dot_stands_at_its_accuracy() -> None:
    view = show_probe(make_report(seeds=1))
    ticks = dict(
        re.findall(r'<path d="M([\d.]+) [\d.]+V[\d.]+" class="line-rule"/><text [^>]*>([\d.]+)</text>', view.picture)
    )
    zero, one = (next(float(x) for x, value in ticks.items() if value == end) for end in ("0", "1"))
    found = [
        float(x)
        for x in re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="4.5" class="(?:ink|injected)"', view.picture)
    ]
    assert found == pytest.approx([zero + share * (one - zero) for share in (0.9, 0.8, 1.0)], abs=0.1)


def test_spread_shows_as_whiskers_and_one_seed_has_none() -> None:
    several, one = show_probe(make_report()), show_probe(make_report(seeds=1))
    dashes = r'stroke-width="1.5" stroke-dasharray="3 2"'
    assert len(re.findall(dashes, several.picture)) == 3 and not re.findall(dashes, one.picture)
    assert "Whiskers: one standard deviation over seeds" in several.caption and "3 seeds" in several.caption
    assert "Whiskers" not in one.caption and "1 seed." in one.caption
    assert any("±" in text for text in read_texts(several)) and not any("±" in text for text in read_texts(one))


def test_groups_have_panels_and_the_caption_counts_their_questions() -> None:
    groups = {"in the graph": ["born"], "derivable": ["isle"]}
    view = show_probe(make_report(), groups=groups, protocol="A toy town.")
    texts = read_texts(view)
    assert {"in the graph", "derivable"} <= set(texts) and texts.count("accuracy on 10 questions") == 2
    assert view.caption.startswith(
        "A toy town. Accuracy on 10 questions in the graph, 10 questions derivable, 3 seeds."
    )
    assert list(view.frame.index.get_level_values("group").unique()) == list(groups)
    with pytest.raises(UnknownNameError, match="Unknown relation 'speaks'"):
        show_probe(make_report(), groups={"x": ["speaks"]})


def test_many_groups_wrap_and_stay_within_the_picture() -> None:
    relations = tuple(f"relation {i}" for i in range(7))
    picture = show_probe(make_report(relations=relations), groups={r: [r] for r in relations}).picture
    document = Tree.fromstring(picture)
    _, _, width, height = map(float, document.attrib["viewBox"].split())
    for element in document.iter():
        assert 0 <= float(element.attrib.get("x", 0)) <= width and 0 <= float(element.attrib.get("y", 0)) <= height


@pytest.mark.parametrize("runs", [{"plain": 2}, {"entity": 3}, {"plain": 0, "a/b": 10}, {"before": 1, "after": 2}])
def test_any_set_of_runs_is_drawn(runs: dict[str, int]) -> None:
    assert "nan" not in show_probe(make_report(runs)).picture


def test_hostile_names_stay_text(hostile: tuple[str, ...]) -> None:
    runs = dict.fromkeys(hostile, 5) | {f"{name}/{name}": 3 for name in hostile if "/" not in name}
    view = show_probe(make_report(runs), groups={name: ["born"] for name in hostile}, protocol=hostile[0])
    tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "path", "circle", "g"}


def test_it_is_saved_for_print_and_as_a_page(tmp_path: Path) -> None:
    view = show_probe(make_report())
    assert view.save(tmp_path / "deep" / "doors.svg").read_text(encoding="utf-8") == view.picture
    page = view.save(tmp_path / "doors.html").read_text(encoding="utf-8")
    assert view.picture in page and page.startswith("<!doctype html>")
    assert view._repr_mimebundle_() == {"text/plain": repr(view), "image/svg+xml": view.picture}
    assert "prefers-color-scheme:dark" in view.picture
