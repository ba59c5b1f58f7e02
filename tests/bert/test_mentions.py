"""Finding names in text: the longest, at the borders of words, in any case, in Chinese too."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import kgwb
from kgwb.bert.folding import fold_text
from kgwb.bert.homonyms import NameKinds, find_homonyms, leave_out_homonyms
from kgwb.bert.mentions import index_names, match_names


def find(bert, graph, text):
    [found] = kgwb.find_mentions([text], graph, bert.tokenizer)
    return [(mention.text, graph.labels[mention.entity]) for mention in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("New York is not York.", [("New York", "New York"), ("York", "York")]),
        ("new york and PARIS", [("new york", "New York"), ("PARIS", "Paris")]),
        ("Yorkshire, Parisian, unparis", []),
        ("the Big Apple (NYC)", [("Big Apple", "New York"), ("NYC", "New York")]),
        ("我在北京，中国的首都。", [("北京", "北京"), ("中国", "中国")]),
        ("Páris’s", [("Páris", "Paris")]),
        ("Pa\u0301ris, Paris\u0301ian", [("Pa\u0301ris", "Paris")]),
        ("New\nYork and new \u00a0 york", [("New\nYork", "New York"), ("new \u00a0 york", "New York")]),
        ("我在北\n京，\n中国", [("北\n京", "北京"), ("中国", "中国")]),
        ("北 京", []),
        ("", []),
        ("😀 Paris 👩‍👩‍👧 York", [("Paris", "Paris"), ("York", "York")]),
    ],
)
def test_longest_match_at_the_borders_of_words(bert, vectors, text, expected):
    assert find(bert, vectors.graph, text) == expected


def test_a_name_of_several_entities_goes_to_the_best_connected_and_keeps_the_others(bert):
    facts = [("georgia_us", "in", "usa"), ("georgia", "in", "asia"), ("georgia", "near", "turkey")]
    labels = pd.DataFrame({"entity": ["georgia", "georgia_us"], "label": ["Georgia", "Georgia"]})
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), labels)
    [[found]] = kgwb.find_mentions(["Georgia!"], graph, bert.tokenizer)
    assert found.entity == graph.entity_id("georgia")
    assert found.candidates == (graph.entity_id("georgia"), graph.entity_id("georgia_us"))


def test_only_accents_are_folded_not_letters(bert):
    facts = pd.DataFrame([("한국", "in", "パリ"), ("Mask", "in", "Pariš")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "하고 한강 ハリ") == []
    assert find(bert, graph, "한국, パリ, paris") == [("한국", "한국"), ("パリ", "パリ"), ("paris", "Pariš")]
    decomposed = unicodedata.normalize("NFD", "한국, パリ")
    assert [label for _, label in find(bert, graph, decomposed)] == ["한국", "パリ"]


def test_a_name_with_an_apostrophe_is_found_whichever_way_it_curls(bert):
    facts = pd.DataFrame([("Nuku'alofa", "in", "Tonga")], columns=["head", "relation", "tail"])
    assert find(bert, kgwb.KnowledgeGraph.from_pandas(facts), "In Nuku’alofa") == [("Nuku’alofa", "Nuku'alofa")]


def test_short_names_are_found_to_the_letter_and_punctuation_never(bert):
    aliases = pd.DataFrame({"entity": ["Indiana", "America"], "aliases": ["IN|.", "US|USA"]})
    facts = pd.DataFrame([("Indiana", "in", "America")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts, aliases)
    found = find(bert, graph, "Live in Gary, IN, in the US. The usa and us in the USA.")
    assert found == [("IN", "Indiana"), ("US", "America"), ("USA", "America")]


def test_a_letter_is_never_cut_from_its_marks(bert):
    facts = pd.DataFrame([("ไม", "in", "Siam")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "ไม") == [("ไม", "ไม")]
    assert find(bert, graph, "ไม้") == []


def test_one_text_is_not_taken_for_a_list(bert, vectors):
    with pytest.raises(
        TypeError, match=r"One text came: 'Paris'\. Expected a list of texts; type find_mentions\(\[text\]"
    ):
        kgwb.find_mentions("Paris", vectors.graph, bert.tokenizer)


def test_a_mask_names_no_entity_called_mask(bert):
    facts = pd.DataFrame([("Mask", "in", "Germany")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "[MASK] and mask") == [("mask", "Mask")]


WORLD = [
    ("Guinea", "in", "Guinea-Bissau"),
    ("Saint Lucia", "in", "Saint Kitts and Nevis"),
    ("USA", "near", "UK"),
    ("Andorra", "near", "Finland"),
    ("한국", "near", "독일"),
    ("चीन", "near", "भारत"),
    ("インド", "near", "Łódź"),
    ("Nuku'alofa", "near", "Mt. Fuji"),
    ("Lao", "near", "yen"),
]


@pytest.fixture(scope="module")
def world():
    short = pd.DataFrame({"entity": ["Andorra"], "aliases": ["AND|ARE|CAN|PER|WHO|SAID"]})
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(WORLD, columns=["head", "relation", "tail"]), short)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Guinea\u2011Bissau, Guinea\u2013Bissau and Guinea\u2212Bissau", ["Guinea-Bissau"] * 3),
        ("Guinea\u2014and Finland", ["Guinea", "Finland"]),
        ("प्राचीन चीन, भारत।", ["चीन", "भारत"]),
        ("ＵＳＡ, ＦＩＮＬＡＮＤ", ["USA", "Finland"]),
        ("ﬁnland", ["Finland"]),
        ("Fin\u00adland Fin\u200bland Fin\u2060land\ufeff", ["Finland"] * 3),
        ("in\u200bFinland and\u200bthen\u200dFinland", ["Finland"]),  # a joiner is no blank
        ("St Lucia, St. Lucia, St.Lucia, Saint Lucia", ["Saint Lucia"] * 4),
        ("Saint Kitts & Nevis, St. Kitts & Nevis, St Kitts ＆ Nevis", ["Saint Kitts and Nevis"] * 3),
        ("Guinea&Finland", ["Guinea", "Finland"]),
        ("Mount Fuji, Mt Fuji", ["Mt. Fuji"] * 2),
        ("한국은 독일의 이웃이다. 한국에서는 독일과", ["한국", "독일", "한국", "독일"]),
        ("한국어 독일인 북한국", []),
        ("USA는 UK와", ["USA", "UK"]),
        ("インドの、インドネシア", ["インド"]),
        ("and are can per who said; And Said", []),
        ("AND, SAID", ["Andorra"] * 2),
        ("the U.K. and the U.S.A. like us", ["UK", "USA"]),
        ("Lao, LAO, lao, Yen, YEN, yen", ["Lao"] * 2 + ["yen"] * 3),
        ("Nukuʻalofa, Lodz", ["Nuku'alofa", "Łódź"]),
    ],
)
def test_words_and_letters_are_unicodes(bert, world, text, expected):
    assert [label for _, label in find(bert, world, text)] == expected


def test_a_name_in_capitals_among_labels_in_capitals_is_a_word(bert):
    facts = pd.DataFrame([("TOGO", "near", "MALI")], columns=["head", "relation", "tail"])
    assert find(bert, kgwb.KnowledgeGraph.from_pandas(facts), "Togo, Mali") == [("Togo", "TOGO"), ("Mali", "MALI")]


@given(data=st.data(), text=st.text(max_size=12))
def test_a_span_of_the_original_text_folds_to_the_name(world, data, text):
    """However a name is disguised, its span is where it stands in the text as it came."""
    name = data.draw(
        st.sampled_from(["Guinea-Bissau", "Saint Lucia", "Finland", "Saint Kitts and Nevis", "한국", "भारत"])
    )
    disguise = data.draw(
        st.sampled_from(
            [
                lambda s: unicodedata.normalize("NFD", s),
                str.upper,
                lambda s: "\u00ad".join(s) if s.isascii() else s,
                lambda s: s.replace(" ", " \u00a0\n").replace("-", "\u2011"),
                lambda s: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s),
                lambda s: s.replace("fi", "ﬁ").replace("Fi", "ﬁ").replace("and Nevis", "& Nevis"),
            ]
        )
    )
    whole = f"{text} {disguise(name)}, {text}"
    names = index_names(world)
    found = list(match_names(whole, names))
    assert (fold_text(name).text, disguise(name)) in [(fold_text(m.text).text, m.text) for m in found]
    for mention in found:
        assert whole[mention.start : mention.end] == mention.text
        assert fold_text(mention.text).text in names.entities


@given(st.text(max_size=40))
def test_folding_says_where_every_character_came_from(text):
    folded = fold_text(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts) and list(folded.ends) == sorted(folded.ends)


@example("パ\n")
@given(st.text(alphabet="aéǖñ Å한パ\n北京xΆй’'", max_size=20))
def test_folding_does_not_mind_how_a_text_is_encoded(text):
    assert fold_text(unicodedata.normalize("NFD", text)).text == fold_text(unicodedata.normalize("NFC", text)).text


@given(st.lists(st.sampled_from(["Paris", "york", "New York", "北京", "x", ".", " "]), max_size=12))
def test_mentions_are_in_order_and_do_not_overlap(bert, vectors, words):
    text = " ".join(words)
    [found] = kgwb.find_mentions([text], vectors.graph, bert.tokenizer)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(text[m.start : m.end] == m.text and m.entity in m.candidates for m in found)


PLACES = [
    ("turkey", "Turkey", "country"),
    ("jordan", "Jordan", "country"),
    ("mexico", "Mexico", "country"),
    ("south_korea", "South Korea", "country"),
    ("french", "French", "language"),
    ("greek", "Greek", "language"),
    ("aruba", "约旦", "country"),
]


@pytest.fixture(scope="module")
def places():
    about = pd.DataFrame(PLACES, columns=["entity", "label", "type"])
    return kgwb.KnowledgeGraph.from_pandas(
        pd.DataFrame([("turkey", "near", "greek")], columns=["head", "relation", "tail"]), about
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They ate turkey in Turkey.", ["Turkey"]),
        ("they ate turkey", ["Turkey"]),  # a text without capitals says nothing by them
        ("Michael Jordan left the team to Jordan Peele.", []),
        ("Mr. Jordan met Anna B. Jordan in the lobby.", []),
        ("In Jordan, the Jordan of old, and on Monday Jordan was hot.", ["Jordan"] * 3),
        ("New Mexico is north of Mexico.", ["Mexico"]),
        ("South Korea and Mexico met the Jordan team.", ["South Korea", "Mexico", "Jordan"]),
        ("Jordan Mexico and the rest", ["Jordan", "Mexico"]),  # each is held by a mention
        ("JORDAN IN MEXICO", ["Jordan", "Mexico"]),
        ("Das Land Jordan Fluss", ["Jordan"]),  # every noun has a capital there
        ("Mexico's President is in Jordan.", ["Mexico", "Jordan"]),
        ("The Gulf of Mexico and the Jordan River", []),
        ("French wine and the Greek are from here.", []),
        ("French and Greek food is good.", []),
        ("They speak French and Greek.", ["French", "Greek"]),
        ("The French language, and French fluently of course", ["French", "French"]),
        ("A French-speaking man of Mexico", ["French", "Mexico"]),
        ("约旦河流经约旦。", ["约旦"]),
        ("新约旦在湖北约旦旁", ["约旦"]),
    ],
)
def test_other_words_and_parts_of_longer_names_are_left_out(bert, places, text, expected):
    assert [label for _, label in find(bert, places, text)] == expected


@given(
    st.lists(st.sampled_from(["Jordan", "Mexico", "French", "wine", "the", "Anna", "Lake", ".", "turkey"]), max_size=8)
)
def test_a_candidate_left_out_speaks_for_no_other(places, words):
    text = " ".join(words)
    every = list(match_names(text, index_names(places)))
    kept = leave_out_homonyms(text, every, NameKinds.of(places))
    assert set(kept) <= set(every)
    shuffled = find_homonyms(text, every[::-1], NameKinds.of(places))
    assert shuffled[::-1] == find_homonyms(text, every, NameKinds.of(places))


def test_no_mention_is_lost_without_a_word(bert):
    """Found, read and injected: each mention has a word piece with its vector, or a warning counts it."""
    facts = pd.DataFrame([("ไทย", "near", "ลาว")], columns=["head", "relation", "tail"])
    model = kgwb.inject(bert, kgwb.GraphEmbedding(kgwb.KnowledgeGraph.from_pandas(facts), kgwb.DistMult(), dim=4))
    [found] = kgwb.find_mentions(["ไทยลาว"], model.injector.graph, bert.tokenizer)
    assert [mention.text for mention in found] == ["ไทย", "ลาว"] and found[0].pieces == found[1].pieces
    with pytest.warns(UserWarning, match=r"^1 mention with no word piece that another mention leaves free \('ลาว'\)"):
        reading = kgwb.read(model, "ไทยลาว")
    assert [mention.text for mention in reading.mentions[0]] == ["ไทย", "ลาว"]
    assert reading.injected == ((False, True, False),)


@pytest.mark.parametrize("kind", ["", "person"])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Manager Ann Lee reports to Director Bob Ray.", ["Ann Lee", "Bob Ray"]),
        ("President Ann Lee spoke to the press.", ["Ann Lee"]),
        ("Engineer Ann works for Uncle Bob in the office.", ["Ann", "Bob"]),
        ("Yesterday Dr Bob met Dr. Ann Lee in the hall.", ["Bob", "Ann Lee"]),
        ("Mount Everest is near.", ["Everest"]),
        ("Bob Dylan is not in the graph, and Ann Taylor is neither.", []),
    ],
)
def test_a_title_is_no_part_of_a_persons_name(bert, kind, text, found):
    names = ["Ann", "Ann Lee", "Bob", "Bob Ray", "Everest"]
    facts = pd.DataFrame({"head": names, "relation": "knows", "tail": names[::-1]})
    graph = kgwb.KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": names, "type": kind}))
    (mentions,) = kgwb.find_mentions([text], graph, bert.tokenizer)
    assert [text[each.start : each.end] for each in mentions] == found


def test_a_title_speaks_against_what_is_no_person(bert):
    facts = pd.DataFrame({"head": ["Holland"], "relation": ["borders"], "tail": ["Chad"]})
    graph = kgwb.KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["Holland", "Chad"], "type": "country"}))
    assert kgwb.find_mentions(["The prize went to Mr. Holland and to Uncle Chad."], graph, bert.tokenizer) == [[]]
