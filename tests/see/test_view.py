"""What holds for every view: it is data, a picture and a page, and hostile labels stay text in all of them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Tree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.bert import Reading, load_bert
from kgwb.embed import Epoch
from kgwb.graph import Mention, Split
from kgwb.learn import ProbeReport
from kgwb.see import LiveView, View

HOSTILE = ("</script><script>window.hit=1</script>", "<img src=x onerror=hit()>", '"></svg><b>')
FACTS = pd.DataFrame(
    [(HOSTILE[0], HOSTILE[2], HOSTILE[1]), ("a", HOSTILE[2], "b")], columns=["head", "relation", "tail"]
)


def show_graph(_pair: tuple[Reading, Reading]) -> View:
    return kgwb.show_graph(kgwb.KnowledgeGraph.from_pandas(FACTS))


def show_space(_pair: tuple[Reading, Reading]) -> View:
    points = np.random.default_rng(0).normal(size=(12, 4))
    return kgwb.show_space(points, labels=list(HOSTILE) * 4, types=list(HOSTILE) * 4, method="pca")


def show_training(_pair: tuple[Reading, Reading]) -> View:
    return kgwb.show_training({HOSTILE[1]: iter([Epoch(1, 2.0, 0.1, {HOSTILE[0]: 0.5}), Epoch(2, 1.0, 0.1, {})])})


def record_film(_pair: tuple[Reading, Reading]) -> View:
    vectors = kgwb.GraphEmbedding(kgwb.KnowledgeGraph.from_pandas(FACTS), kgwb.ComplEx(), dim=4)
    film = kgwb.see.record_film(vectors, kgwb.train_embedding(vectors, vectors.graph, epochs=2))
    for _ in film:
        pass
    return film


def show_attention(pair: tuple[Reading, Reading]) -> View:
    return kgwb.show_attention(*pair)


def show_heads(_pair: tuple[Reading, Reading]) -> View:
    return kgwb.see.show_heads(load_bert(), list(HOSTILE))


def show_probe(_pair: tuple[Reading, Reading]) -> View:
    counts = pd.DataFrame(
        {"run": ["plain", HOSTILE[0]], "seed": 0, "relation": HOSTILE[1], "questions": 4, "correct": 3}
    )
    relations = pd.DataFrame({"relation": [HOSTILE[1]], "questions": 4, "chance": 0.25, "majority": 0.5})
    return kgwb.see.show_probe(ProbeReport(counts, relations, chance=0.25))


def show_review(_pair: tuple[Reading, Reading]) -> View:
    names = {"entity": ["one", "other"], "label": [HOSTILE[0], HOSTILE[1]], "type": HOSTILE[2]}
    facts = pd.DataFrame([("one", "r", "other")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts, pd.DataFrame(names))
    row = {"head": 0, "relation": 0, "tail": 1, "head_label": graph.labels[0], "tail_label": graph.labels[1]}
    row |= {"relation_label": HOSTILE[2], "contradicts": HOSTILE[0], "known": False, "support": 1, "probability": 0.5}
    row |= dict.fromkeys(("head_type", "tail_type", "sentence"), HOSTILE[1]) | {"head_start": 0, "head_end": 1}
    row |= dict.fromkeys(("by_text", "by_types", "by_vectors", "by_rules"), 0.5) | {"tail_start": 1, "tail_end": 2}
    return kgwb.see.show_review(pd.DataFrame([row]).assign(stated_in=[(0,)]), graph, threshold=0.5)


def show_search(_pair: tuple[Reading, Reading]) -> View:
    graph = kgwb.KnowledgeGraph.from_pandas(FACTS, name=HOSTILE[0])
    split = Split(graph, graph.triples, graph.triples, graph.triples[:0])
    view = kgwb.see.show_search(kgwb.find_settings(split, [Named()], passes=2, fixed={"dim": 4}))
    for _ in view:
        pass
    return view


class Named(kgwb.ComplEx):  # type: ignore[misc]
    """A scorer that is called what a label would be."""

    def __repr__(self) -> str:
        return HOSTILE[1]


def make_training_panel(_pair: tuple[Reading, Reading]) -> View:
    panel = kgwb.see.TrainingPanel(kgwb.KnowledgeGraph.from_pandas(FACTS))
    panel.epochs.value, panel.dim.value = 2, 4
    panel.train()
    return panel


def make_ranking_panel(_pair: tuple[Reading, Reading]) -> View:
    panel = kgwb.see.RankingPanel(kgwb.GraphEmbedding(kgwb.KnowledgeGraph.from_pandas(FACTS), kgwb.ComplEx(), dim=4))
    panel.ask(head=0, relation=0)
    return panel


def make_injection_panel(_pair: tuple[Reading, Reading]) -> View:
    facts = pd.DataFrame([(f"{HOSTILE[0]}{i}", HOSTILE[2], f"{HOSTILE[1]} {i % 2} town") for i in range(6)])
    graph = kgwb.KnowledgeGraph.from_pandas(facts.set_axis(["head", "relation", "tail"], axis=1))
    panel = kgwb.see.InjectionPanel(kgwb.load_bert(), kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4))
    for _ in panel.trial.tune("memory", epochs=1):
        pass
    panel.sentence.value = panel.trial.unseen[0].text
    panel.compare()
    return panel


def make_workbench(_pair: tuple[Reading, Reading]) -> View:
    return kgwb.see.Workbench(kgwb.KnowledgeGraph.from_pandas(FACTS))


def link(pair: tuple[Reading, Reading]) -> View:
    return kgwb.link(show_attention(pair), show_attention(pair))  # type: ignore[arg-type]


# A new view is tested by being listed.
VIEWS: dict[str, Callable[[tuple[Reading, Reading]], View]] = {
    made.__name__: made
    for made in (
        *(
            show_graph,
            show_space,
            show_training,
            record_film,
            show_attention,
            show_heads,
            show_probe,
            show_review,
            show_search,
            link,
        ),
        *(make_training_panel, make_ranking_panel, make_injection_panel, make_workbench),
    )
}


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest, hostile_pair: tuple[Reading, Reading]) -> View:
    return VIEWS[request.param](hostile_pair)


def test_it_is_a_view_and_data(view: View) -> None:
    assert isinstance(view, View)
    assert len(view.frame) and isinstance(view.selection, pd.DataFrame)
    assert repr(view).startswith(type(view).__name__) or view.caption in repr(view) or repr(view) in view.caption


def test_its_picture_holds_its_caption_and_reads_labels_as_text(view: View) -> None:
    picture = Tree.fromstring(view.picture)
    assert {each.tag.rpartition("}")[2] for each in picture.iter()}.isdisjoint({"script", "img", "b", "foreignObject"})
    words = set(re.findall(r"\w+", " ".join(picture.itertext())))
    assert len(set(re.findall(r"\w+", view.caption)) - words) <= 2  # a hyphen at a line's end may part a word


def test_its_page_is_one_file_that_holds_no_outside_address(view: View, tmp_path: Path) -> None:
    page = view.save(tmp_path / "page.html").read_text(encoding="utf-8")
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"<[a-z][^<>]*\s(?:src|href)=[\"']?(?!data:)[^\"'\s>]+", markup)
    for label in HOSTILE[:2]:  # as data, "<" is written \\u003c; in markup, &lt;
        assert label not in view.fragment().html


def test_its_picture_is_saved_alone(view: View, tmp_path: Path) -> None:
    assert view.save(tmp_path / "picture.svg").read_text(encoding="utf-8").strip() == view.picture.strip()


def test_a_notebook_is_shown_the_picture(view: View) -> None:
    bundle = view._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert bundle["image/svg+xml"] == view.picture and bundle["text/plain"]


# What a label may be made of that is hardly a text: nothing, nothing to be seen, signs that steer, half a character.
ODD = {
    "empty": ("", " ", "\t"),
    "zero width": ("\u200b", "\u200b\u200d", "\ufeff"),
    "all alike": ("\u200b",) * 3,
    "steering": ("\u0301", "\u202e", "\x00"),
    "lines": ("\n", "\u2028", "\x85"),
    "half a character": ("\ud800", "a\udfffb", "\ud83d"),
}
# A graph refuses half a character by itself, and so does the data frame that a report of a probe is made from.
REFUSED = {
    ("half a character", name) for name in ("show_graph", "record_film", "show_probe", "show_review", "show_search")
}
REFUSED |= {("half a character", name) for name in VIEWS if name.startswith("make_")}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("odd", ODD)
def test_odd_labels_are_drawn(
    name: str, odd: str, make_reading: Callable[..., Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (odd, name) in REFUSED:
        return
    labels = ODD[odd]
    monkeypatch.setitem(globals(), "HOSTILE", labels)
    facts = [(labels[0] or "x", labels[2], labels[1]), ("a", labels[2], "b")]
    monkeypatch.setitem(globals(), "FACTS", pd.DataFrame(facts, columns=["head", "relation", "tail"], dtype=object))
    mention = Mention(0, 5, 0, labels[1], pieces=(1, 3))
    after = make_reading(labels, mentions=[mention], injected=[1], name=labels[2], seed=1)
    view = VIEWS[name]((make_reading(labels, name=labels[0]), after))
    assert len(view.frame) and view.caption and repr(view)
    Tree.fromstring(view.picture)
    for ending in (".html", ".svg"):
        assert view.save(tmp_path / f"view{ending}").read_text(encoding="utf-8")


def test_every_view_of_kgwb_is_listed(hostile_pair: tuple[Reading, Reading]) -> None:
    shown = {type(made(hostile_pair)) for made in VIEWS.values()}
    named = [getattr(kgwb.see, name) for name in kgwb.see.__all__]
    public = {each for each in named if isinstance(each, type) and issubclass(each, View)}
    assert public - shown == {View, LiveView}
