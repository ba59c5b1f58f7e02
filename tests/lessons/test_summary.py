"""Notebook 13's texts state what their key says, no way sees it, and what is measured is measured as by hand."""

from __future__ import annotations

import math
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

import kgwb
from kgwb.bert import Bert
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.lessons import short_texts, summaries, summary, summary_exam
from kgwb.lessons.short_texts import ShortText

TEXT = ShortText(
    0,
    (
        "Asthma affects the airways.",
        "A symptom of asthma is cough, and fever.",
        "Cough hurts.",
        "Asthma affects the bronchi.",
    ),
    (frozenset({(0, 0, 1)}), frozenset({(0, 1, 2), (0, 1, 3)}), frozenset({(2, 0, 1)}), frozenset({(0, 0, 1)})),
    ((0, 1), (0, 2, 3), (2, 1), (0, 1)),
)


@pytest.fixture(scope="module")
def bert() -> Bert:
    return kgwb.load_bert("minilm")


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return kgwb.read_graph(kgwb.sample("medicine"))


@pytest.fixture(scope="module")
def sentences(graph: KnowledgeGraph) -> list[Sentence]:
    return list(kgwb.read_sentences(kgwb.sample("medicine"), graph))


@pytest.fixture(scope="module")
def texts(graph: KnowledgeGraph, sentences: list[Sentence], bert: Bert) -> list[ShortText]:
    return short_texts.write_texts(graph, sentences, short_texts.choose_topics(graph, "disease")[1][:4], bert)


def test_settings_and_exam_are_about_other_topics(graph: KnowledgeGraph) -> None:
    others, topics = short_texts.choose_topics(graph, "disease")
    assert len(others) == 23 and len(topics) == 46 and not set(others) & set(topics)


def test_a_text_states_what_its_key_says(texts: list[ShortText], graph: KnowledgeGraph) -> None:
    held = set(map(tuple, graph.triples.tolist()))
    for text in texts:
        assert text.facts <= held and text.main and len(text.main) < len(text.facts)
        assert sum(map(len, text.stated)) > len(text.facts), "something is said again"
        assert sum(not its for its in text.stated) == 3
        for sentence, its, names in zip(text.sentences, text.stated, text.names, strict=True):
            assert sentence[0].isupper() and sentence.endswith(".") and not sentence.endswith("..")
            assert {entity for fact in its for entity in fact[::2]} <= set(names)


def test_the_same_seed_writes_the_same_text(
    texts: list[ShortText], graph: KnowledgeGraph, sentences: list[Sentence], bert: Bert
) -> None:
    again, other = (
        short_texts.write_texts(graph, sentences[::turn], [texts[0].topic], bert, seed=seed)[0]
        for turn, seed in ((1, 0), (1, 1))
    )
    assert again == texts[0] != other


def test_no_way_sees_the_key(texts: list[ShortText], graph: KnowledgeGraph, bert: Bert) -> None:
    """With other facts written into the key, every way but the one that hides facts of it chooses as before."""
    text, known = texts[0], summaries.index_pairs(graph)
    vectors = summaries.read_sentence_vectors([text], bert)
    blank = ShortText(text.topic, text.sentences, (frozenset({(0, 0, 1)}),) * len(text.sentences), text.names)
    usual = summaries.share_usual(texts)
    one, other = (summaries.choose_summaries(each, known, vectors, usual=usual, share=0.3) for each in (text, blank))
    assert list(one) == list(summaries.WAYS)
    hides = "half of the facts, topic first"
    assert {way: its for way, its in one.items() if way != hides} == {
        way: its for way, its in other.items() if way != hides
    }
    for chosen in one.values():
        assert sum(text.costs[place] for place in chosen) <= 0.3 * sum(text.costs)


def test_facts_of_a_symmetric_relation_are_one(graph: KnowledgeGraph) -> None:
    both = short_texts.list_symmetric(graph)
    assert [graph.relation_labels[each] for each in both] == ["interacts with"]
    assert short_texts.turn_one_way((5, *both, 2), both) == short_texts.turn_one_way((2, *both, 5), both)
    assert sum(map(len, summaries.index_pairs(graph).values())) == len(graph) - 45
    assert (0, 9, 1) not in summaries.index_pairs(graph, [(0, 9, 1)]).get(frozenset({0, 1}), [])


def test_a_pair_with_a_fact_covers_it_and_one_without_counts_less() -> None:
    covers = summaries.cover_facts(TEXT.names, {frozenset({0, 1}): [(0, 0, 1)]}, far=0.5, unknown=0.1)
    assert covers[0] == {(0, 0, 1): 1.0}
    assert covers[1] == {frozenset({0, 2}): 0.1, frozenset({0, 3}): 0.1, frozenset({2, 3}): 0.05}
    assert not summaries.cover_facts(TEXT.names, {}, far=1.0, unknown=0.0)[1]


def test_a_word_that_every_text_has_covers_little() -> None:
    usual = summaries.share_usual([TEXT, ShortText(0, ("Asthma, bronchi.",), (frozenset(),))])
    assert usual == {"asthma": 2 / 3, "bronchi": 2 / 3} | dict.fromkeys(
        "affects airways symptom cough fever hurts".split(), 1 / 3
    )
    plain, rare = summaries.cover_words(TEXT.sentences), summaries.cover_words(TEXT.sentences, usual, far=0.5)
    assert plain[2] == {"cough": 1.0, "hurts": 1.0}
    assert rare[0] == {"asthma": -math.log(2 / 3), "affects": math.log(3), "airways": math.log(3)}
    assert rare[2] == {"cough": math.log(3) / 2, "hurts": math.log(3) / 2}, "the topic's word is affects"


def test_a_summary_is_measured_as_by_hand() -> None:
    measured = summary_exam.measure_summary(TEXT, [0, 1, 3])
    assert measured == {"main facts kept": 1.0, "facts kept": 0.75, "said again": 0.25, "words": 16.0}
    assert summary_exam.measure_summary(TEXT, [2])["main facts kept"] == 0.0
    assert summary_exam.measure_summary(TEXT, [])["said again"] == 0.0


def test_the_best_is_that_of_trying_everything(texts: list[ShortText]) -> None:
    for text in (TEXT, ShortText(texts[0].topic, texts[0].sentences[:9], texts[0].stated[:9])):
        budget = 0.4 * sum(text.costs)
        places = range(len(text.sentences))
        every = [some for count in range(len(places) + 1) for some in combinations(places, count)]
        payable = [some for some in every if sum(text.costs[place] for place in some) <= budget]
        best = max(summary_exam.measure_summary(text, some)["facts kept"] for some in payable)
        assert summary_exam.cover_best(text, text.facts, budget) == pytest.approx(best)
    assert summary_exam.compare_greedy(texts, share=0.3).between(0.393, 1).all()


def test_textrank_is_that_of_networkx() -> None:
    import networkx

    sentences = [*TEXT.sentences, "Cough and fever are a symptom of asthma.", "Nothing else."]
    ranks, words = (
        summaries.rank_by_textrank(sentences),
        [set(summaries.list_content_words(each)) for each in sentences],
    )
    net = networkx.Graph()
    net.add_nodes_from(range(len(words)))
    for one, other in combinations(range(len(words)), 2):
        if words[one] & words[other]:
            size = sum(np.log(max(2, len(words[each]))) for each in (one, other))
            net.add_edge(one, other, weight=len(words[one] & words[other]) / size)
    expected = networkx.pagerank(net, alpha=0.85, tol=1e-12)
    assert ranks == pytest.approx([expected[place] for place in range(len(words))])


def test_what_is_like_a_chosen_one_comes_later() -> None:
    vectors = np.array([[1.0, 0.0], [0.999, 0.0447], [0.0, 1.0]])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert summaries.order_by_relevance(vectors, 1.0) == [1, 0, 2]
    assert summaries.order_by_relevance(vectors, 0.5) == [1, 2, 0]
    assert summaries.take_within([1, 0, 2], [3, 9, 2], 11) == [1, 2]


def test_the_exam_runs_and_its_differences_are_paired(
    graph: KnowledgeGraph, sentences: list[Sentence], bert: Bert, texts: list[ShortText]
) -> None:
    topics = [text.topic for text in texts]
    results = summary_exam.compare_summaries(graph, sentences, topics, bert, share=0.3, seeds=[0, 1])
    assert results["way"].unique().tolist() == [*summaries.WAYS, "the best possible"]
    assert len(results) == 2 * len(topics) * (len(summaries.WAYS) + 1)
    best = results.pivot(index=["seed", "topic"], columns="way", values="main facts kept")
    assert (best.drop(columns="the best possible").le(best["the best possible"] + 1e-9, axis=0)).all().all()
    gap = summary_exam.compare_paired(results, "facts, topic first", ["words", "facts, topic first"], samples=50)
    assert gap.loc["words", "more"] == pytest.approx((best["facts, topic first"] - best["words"]).mean())
    assert gap.loc["facts, topic first", ["more", "low", "high"]].tolist() == [0, 0, 0]
    picture = summary.draw_kept(results, summaries.WAYS)
    assert "nan" not in picture.svg and "TextRank" in " ".join(ElementTree.fromstring(picture.svg).itertext())
    tried = summary_exam.try_settings(graph, sentences, topics[:1], bert, share=0.3, seeds=[100])
    assert tried["texts"].eq(1).all() and tried["main facts kept"].between(0, 1).all()


def test_what_names_tell_is_counted_by_sentence() -> None:
    table = summary_exam.measure_reading([TEXT], {frozenset({0, 1}): [(0, 0, 1)], frozenset({1, 2}): [(1, 5, 2)]})
    assert table.loc["pairs of names", ["found", "stated"]].tolist() == [6, 5]
    assert table.loc["facts between names", ["found", "stated"]].tolist() == [3, 2]
    assert table.loc["facts between names", "recall"] == 0.4


def test_a_reason_is_what_only_one_covers(texts: list[ShortText], graph: KnowledgeGraph) -> None:
    covers = [{(0, 0, 1): 1.0, (0, 0, 2): 1.0}, {(0, 0, 2): 1.0}, {frozenset({1, 2}): 0.1}]
    assert summary.find_only(covers, [0, 1, 2]) == {0: [(0, 0, 1)], 1: [], 2: []}
    known = summaries.index_pairs(graph)
    again = summary.compare_takings(texts, known, share=0.3)
    assert again["its own facts count nothing"] <= again["its own facts not in the graph"]
    assert again["other facts count nothing"] > 0.5 and again["sentences"] > 5
    assert summary.tabulate_takings({0: again}).loc["sentences", 0] == again["sentences"]


def test_tables_and_pictures_hold_the_text(texts: list[ShortText], graph: KnowledgeGraph) -> None:
    known = summaries.index_pairs(graph)
    assert summary.tabulate_text(texts[0], graph)["facts stated"].sum() == sum(map(len, texts[0].stated))
    drawn = " ".join(ElementTree.fromstring(summary.draw_summary(texts[0], graph, known, share=0.3).svg).itertext())
    chosen = summary.choose_facts(texts[0], known, share=0.3)[1]
    assert chosen and all(texts[0].sentences[place].split()[0] in drawn for place in range(len(texts[0].sentences)))
    for made in (summary.list_coverings(texts, graph), summary.list_only(texts, graph, known, share=0.3)):
        assert list(made["cases"]) == list(made["beside"])
    [case] = summary.list_summaries(texts[0], graph, {"some": [0]}).values()
    assert case[1] == [0] and len(case[2]) == len(texts[0].main)


def test_vectors_are_of_length_one(texts: list[ShortText], bert: Bert) -> None:
    vectors = summaries.read_sentence_vectors(texts[:1], bert)
    assert set(vectors) == set(texts[0].sentences)
    assert torch.tensor(np.stack(list(vectors.values()))).norm(dim=1) == pytest.approx(1, abs=1e-5)
