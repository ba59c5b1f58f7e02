from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from attention_of_towns import open_door

from kgwb.bert import Bert, Reading, load_bert, measure_heads, read, score_links
from kgwb.bert.head_figures import METRICS
from kgwb.bert.heads import HeadHabits, summarise_sentences
from kgwb.bert.tiny import train_tiny
from kgwb.embed import GraphEmbedding
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.see.heads.scene import colour_layers, rank_sentences
from kgwb.see.heads.view import HeadsView, show_heads
from kgwb.see.linking import link
from kgwb.see.palette import DARK, LIGHT

WORDS = ["Paris", "Lyon", "Rome", "France", "Italy"]


def name_mentions(text: str, graph: KnowledgeGraph) -> Sentence:
    found = sorted((text.index(word), word) for word in WORDS if word in text)
    mentions = [Mention(start, start + len(word), graph.entity_id(word), word) for start, word in found]
    return Sentence(text, tuple(mentions))


@pytest.fixture(scope="module")
def texts(towns: GraphEmbedding) -> list[Sentence]:
    said = [
        "Paris and Rome lie far from Lyon.",
        "Nothing at all.",
        "From Italy to France, from Rome to Paris.",
        "Lyon, Paris and Italy, then the [MASK].",
        "Paris saw France and Italy, and Lyon saw Rome as well.",
    ]
    return [name_mentions(text, towns.graph) for text in said]


@pytest.fixture(scope="module")
def opened(bert: Bert, towns: GraphEmbedding) -> Bert:
    return open_door(bert, towns, ("entity", "memory"), {"entity": {"place": "beside"}})


@pytest.fixture(scope="module")
def view(bert: Bert, opened: Bert, towns: GraphEmbedding, texts: list[Sentence]) -> HeadsView:
    return show_heads(bert, texts, after=opened, graph=towns.graph, batch=2, permutations=50)


def measure_by_loops(reading: Reading, sentence: int, layer: int, head: int) -> dict[str, float]:
    """The same figures of one head in one sentence, a number at a time."""
    tokens = reading.tokens[sentence]
    weights = reading.attention[sentence, layer, head].double().numpy()
    words = [i for i, token in enumerate(tokens) if token not in ("[CLS]", "[SEP]")]
    named = [i for mention in reading.mentions[sentence] for i in range(*mention.pieces)]
    sums: dict[str, list[float]] = {name: [] for name in METRICS}
    for query in words:
        row = weights[query].copy()
        extra = []
        if reading.beside is not None:
            for i, place in enumerate(reading.places[sentence]):
                extra.append(float(reading.beside[sentence, layer, head, query, i]))
                row[place] -= extra[-1]
        if reading.slots is not None:
            count = len(reading.facts[sentence])
            extra += reading.slots[sentence, layer, head, query, :count].double().tolist()
        length = len(tokens)
        sums["previous"].append(row[query - 1])
        sums["next"].append(row[query + 1])
        sums["itself"].append(row[query])
        sums["[CLS]"].append(row[0])
        sums["[SEP]"].append(row[length - 1])
        if query not in named and named:
            sums["mentions"].append(sum(row[key] for key in named))
        sums["injected"].append(sum(extra))
        sums["entropy"].append(-sum(p * math.log2(p) for p in [*row[:length], *extra] if p > 0))
        far = sum(row[key] * abs(key - query) for key in range(length))
        sums["distance"].append(far / sum(row[:length]))
    return {name: float(np.mean(found)) if found else math.nan for name, found in sums.items()}


@pytest.mark.parametrize("injected", [False, True])
def test_figures_equal_those_of_loops_over_readings(
    bert: Bert, opened: Bert, texts: list[Sentence], injected: bool
) -> None:
    model = opened if injected else bert
    habits, reading = measure_heads(model, texts, batch=3), read(model, texts)
    for sentence in range(len(texts)):
        for layer, head in ((0, 2), (3, 11), (5, 0)):
            expected = measure_by_loops(reading, sentence, layer, head)
            np.testing.assert_allclose(
                habits.values[sentence, layer, head],
                [expected[name] for name in METRICS],
                atol=2e-5,
                err_msg=str(expected),
            )
    assert habits.tokens == reading.tokens
    assert np.isnan(habits.values[1, ..., METRICS.index("mentions")]).all()


def test_how_sentences_are_batched_changes_nothing(bert: Bert, texts: list[Sentence]) -> None:
    one, all_at_once = (measure_heads(bert, texts, batch=batch) for batch in (1, 32))
    np.testing.assert_allclose(one.values, all_at_once.values, atol=1e-5)
    assert (one.strongest == all_at_once.strongest).mean() > 0.99


def test_edges_are_scored_as_over_a_reading(bert: Bert, towns: GraphEmbedding, texts: list[Sentence]) -> None:
    habits = measure_heads(bert, texts, graph=towns.graph, batch=2, permutations=300, seed=3)
    score = score_links(read(bert, texts), towns.graph, permutations=300, seed=3)
    assert habits.links is not None and habits.links.pairs == score.pairs > 0
    for name in ("linked", "matched", "twin", "twin_spread"):
        np.testing.assert_allclose(getattr(habits.links, name), getattr(score, name), atol=1e-6)
    np.testing.assert_allclose(habits.links.p_value, score.p_value, atol=0.02)


def test_the_strongest_pair_is_the_largest_weight_between_two_words(bert: Bert, texts: list[Sentence]) -> None:
    habits, reading = measure_heads(bert, texts), read(bert, texts)
    weights, tokens = reading.attention[4, 2, 7].numpy(), reading.tokens[4]
    words = [i for i, token in enumerate(tokens) if token not in ("[CLS]", "[SEP]")]
    best = max((weights[i, j], i, j) for i in words for j in words if i != j)
    assert tuple(habits.strongest[4, 2, 7]) == best[1:]
    assert habits.strength[4, 2, 7] == pytest.approx(best[0], abs=1e-5)


def test_a_mean_leaves_out_what_is_missing() -> None:
    values = np.array([[[1.0, np.nan]], [[3.0, np.nan]], [[np.nan, np.nan]]])
    mean, spread = summarise_sentences(values)
    np.testing.assert_array_equal(mean, [[2.0, np.nan]])
    np.testing.assert_array_equal(spread, [[1.0, np.nan]])


# --- the view ----------------------------------------------------------------------------------------------------------


def test_the_frame_has_one_row_per_head_with_spread_and_twin(view: HeadsView) -> None:
    frame = view.frame
    assert len(frame) == 72 and not frame.duplicated(["layer", "head"]).any()
    expected = {f"{name}{part}{when}" for name in METRICS for part in ("", "_spread") for when in ("", "_after")}
    links = {
        f"{name}{when}"
        for name in ("follows", "linked", "matched", "twin", "twin_spread", "p_value")
        for when in ("", "_after")
    }
    assert expected | links | {"layer", "head"} == set(frame.columns)
    row = frame[(frame["layer"] == 3) & (frame["head"] == 2)].iloc[0]
    assert row["entropy_after"] == pytest.approx(
        view.habits[1].values[:, 3, 2, METRICS.index("entropy")].mean(), abs=1e-6
    )
    assert row["follows"] == pytest.approx(row["linked"] - row["matched"])


def test_what_the_browser_is_given_equals_the_frame(view: HeadsView) -> None:
    state, frame = view.state, view.frame
    names = [metric["name"] for metric in state["metrics"]]
    means = np.frombuffer(state["means"]["view"], "float32").reshape(state["means"]["shape"])
    assert means.shape == (2, len(names), 6, 12)
    for reading, ending in enumerate(("", "_after")):
        for i, name in enumerate(names):
            np.testing.assert_allclose(means[reading, i].ravel(), frame[f"{name}{ending}"], rtol=1e-4, atol=1e-6)
    assert names == [*METRICS, "follows"] and len(state["links"]) == 2


def test_the_first_sentences_of_a_head_are_those_of_its_largest_figures(view: HeadsView) -> None:
    habits = view.habits[1]
    order = rank_sentences(habits, "distance")
    values = habits.values[:, 4, 5, METRICS.index("distance")]
    assert list(order[4, 5]) == sorted(range(5), key=lambda number: -values[number])
    state = view.state
    tops = np.frombuffer(state["tops"]["view"], "int32").reshape(state["tops"]["shape"])
    at = [metric["name"] for metric in state["metrics"]].index("distance")
    assert list(tops[at, 4, 5]) == list(order[4, 5])
    assert {one["number"] for one in state["sentences"]} == set(tops.ravel().tolist())


def test_the_selection_is_the_chosen_head(bert: Bert, texts: list[Sentence]) -> None:
    view = show_heads(bert, texts, layer=1, head=4)
    assert view.selection[["layer", "head"]].to_numpy().tolist() == [[1, 4]]
    view.select()
    assert len(view.selection) == 72
    assert "layer 1, head 4" not in view.picture
    view.select(layer=5, head=0, sentence=2)
    assert "layer 5, head 0" in view.picture


def test_a_head_chosen_here_is_shown_where_attention_is(bert: Bert, texts: list[Sentence]) -> None:
    from kgwb.see import show_attention

    heads, attention = show_heads(bert, texts), show_attention(read(bert, texts))
    link(heads, attention)
    heads.select(layer=2, head=9, sentence=3, token=1)
    assert (attention.sentence, attention.layer, attention.head, attention.focus) == (3, 2, 9, 1)
    attention.layer = 0
    assert (heads.choice.layer, heads.choice.head) == (0, 9)


def test_one_reading_has_no_lines_and_no_injected_axis(bert: Bert, texts: list[Sentence]) -> None:
    view = show_heads(bert, texts)
    assert "injected" not in view.scene.metrics and "follows" not in view.scene.metrics
    assert "line-before" not in view.picture.split("</style>")[1]
    assert view.picture.count("<circle") == 72 + 6  # the heads, and a legend of six layers
    with pytest.raises(ValueError, match=r"x='injected' came\. Type one of 'previous', 'next'"):
        show_heads(bert, texts, x="injected")


def test_the_caption_says_what_is_seen_and_how_far_to_trust_it(
    view: HeadsView, bert: Bert, towns: GraphEmbedding
) -> None:
    assert view.title == "What the heads of minilm do over 5 sentences, before and after"
    assert view.caption.startswith(
        "72 heads as dots, across mean distance, in word pieces, up entropy, in bits; each figure is"
    )
    assert (
        "linked pairs of mentions beside others as far apart; for the twin the links are permuted 50 times."
        in view.caption
    )
    assert view.caption.endswith("What a head does says little about why.")
    alone = show_heads(bert, [name_mentions("Paris is in France.", towns.graph)], graph=towns.graph, permutations=5)
    assert "All 2 pairs of mentions are linked, or stand at distances of their own" in alone.caption


def test_the_page_is_small_and_labels_stay_text(bert: Bert, tmp_path: Path) -> None:
    hostile = ["</script><script>hit()</script>", "<img src=x onerror=hit()> and more", '"></svg><b>x</b>']
    view = show_heads(bert, hostile, layer=0, head=0)
    page = view.save(tmp_path / "page.html").read_text("utf-8")
    assert "<img" not in page and "<b>" not in page and page.count("<script>") == page.count("</script>")
    assert len(page) < 1_000_000
    ElementTree.fromstring(view.picture)


def test_layers_have_colours_that_differ_and_can_be_seen_on_both_papers() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for count in (1, 6, 12, 24):
        colours = colour_layers(count)
        assert len(set(colours)) == count
        for colour in colours:
            for paper in (LIGHT["paper"], DARK["paper"]):
                lighter, darker = sorted((luminance(colour), luminance(paper)), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 3, (count, colour, paper)


def test_two_berts_of_different_shapes_are_refused(bert: Bert, texts: list[Sentence], tmp_path: Path) -> None:
    small = train_tiny(texts, layers=1, width=32, vocabulary=60, steps=1, cache=tmp_path, progress=False)
    with pytest.raises(
        ValueError, match="bert and after must be BERTs of one shape, but bert has 6 layers of 12 heads"
    ):
        show_heads(bert, texts, after=load_bert(small))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"layer": 6}, "There is no layer 6: this reading has 6"), ({"head": -1}, "There is no head -1")],
)
def test_what_is_out_of_range_is_named(
    bert: Bert, texts: list[Sentence], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(IndexError, match=message):
        show_heads(bert, texts, **arguments)


def test_the_habits_tell_what_they_are(bert: Bert, texts: list[Sentence]) -> None:
    habits: HeadHabits = measure_heads(bert, texts[:2])
    assert repr(habits) == "HeadHabits of minilm: 6 layers of 12 heads over 2 sentences"
    assert habits.sentences == tuple(text.text for text in texts[:2])
