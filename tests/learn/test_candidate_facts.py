"""Sentences as candidate facts: what is found in them, what speaks for it, and what is said where it cannot be done."""

from __future__ import annotations

import copy
import logging

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.bert import Bert
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn import EntityLinks, EntityTags, RelationClasses, calibrate_facts, pair_names, propose_facts
from kgwb.learn.construction.sources import weigh_types

CAPITALS = {"Oslo": "Norway", "Rome": "Italy", "Paris": "France", "Vienna": "Austria", "Lima": "Peru", "Cairo": "Egypt"}
FORM = "{} is the capital of {}."
RIVERS = {"Tiber": "Rome", "Seine": "Paris", "Danube": "Vienna"}


@pytest.fixture(scope="module")
def countries() -> KnowledgeGraph:
    """Six capitals, one of them unknown to be one, and three rivers."""
    facts = [(city, "capital of", country) for city, country in CAPITALS.items() if city != "Oslo"]
    facts += [(river, "flows through", city) for river, city in RIVERS.items()]
    kinds = (
        dict.fromkeys(CAPITALS, "city") | dict.fromkeys(CAPITALS.values(), "country") | dict.fromkeys(RIVERS, "river")
    )
    entities = pd.DataFrame({"entity": list(kinds), "type": list(kinds.values())})
    return KnowledgeGraph.from_pandas(
        pd.DataFrame(facts, columns=["head", "relation", "tail"]), entities, name="countries"
    )


def pair_up() -> pd.DataFrame:
    """Both relations, and none from tail to head."""
    told = [("{} is the capital of {}.", city, country, "capital of") for city, country in CAPITALS.items()]
    told += [("{} flows through {}.", river, city, "flows through") for river, city in RIVERS.items()]
    rows = []
    for form, head, tail, label in told:
        text = form.format(head, tail)
        one, other = (0, len(head)), (text.index(tail), text.index(tail) + len(tail))
        rows += [(text, one, other, label), (text, other, one, "none")]
    return pd.DataFrame(rows, columns=["text", "head", "tail", "label"])


@pytest.fixture(scope="module")
def reader() -> Bert:
    bert = kgwb.load_bert("minilm")
    RelationClasses(pair_up()).fit_head(bert)
    return bert


def test_a_fact_that_the_graph_lacks_is_proposed_and_one_that_it_holds_is_marked(reader, countries):
    found = propose_facts(reader, [FORM.format("Oslo", "Norway"), FORM.format("Rome", "Italy")], countries)
    best = found[found["probability"] > 0.5].set_index("head_label")
    assert best["tail_label"].to_dict() == {"Oslo": "Norway", "Rome": "Italy"}
    assert best["known"].to_dict() == {"Oslo": False, "Rome": True}
    assert (best["relation_label"] == "capital of").all() and (best["contradicts"] == "").all()
    row = best.loc["Oslo"]
    assert row["sentence"][row["head_start"] : row["head_end"]] == "Oslo"
    assert row["sentence"][row["tail_start"] : row["tail_end"]] == "Norway"
    assert (row["head"], row["tail"]) == (countries.entity_id("Oslo"), countries.entity_id("Norway"))
    assert found["probability"].is_monotonic_decreasing and found["by_vectors"].isna().all() and not found.attrs


def test_what_several_sentences_say_is_one_row_with_their_number(reader, countries):
    texts = [
        FORM.format("Oslo", "Norway"),
        "Nothing here.",
        FORM.format("oslo", "Norway"),
        FORM.format("Oslo", "Norway"),
    ]
    found = propose_facts(reader, texts, countries, least=0.3)
    top = found.iloc[0]
    assert (top["support"], set(top["stated_in"])) == (3, {0, 2, 3})
    assert not found.duplicated(["head", "relation", "tail"]).any()
    alone = propose_facts(reader, texts[:1], countries, least=0.3).iloc[0]
    assert top["by_text"] >= alone["by_text"] - 1e-6


def test_what_a_functional_relation_holds_already_is_contradicted(reader, countries):
    found = propose_facts(reader, [FORM.format("Rome", "Norway")], countries)
    assert found.iloc[0]["contradicts"] == "Italy" and not found.iloc[0]["known"]
    free = propose_facts(reader, ["Tiber flows through Paris."], countries)  # three rivers are too few to say so
    assert free.iloc[0]["contradicts"] == ""


def test_types_vectors_and_rules_speak_for_themselves(reader, countries):
    vectors = kgwb.GraphEmbedding(countries, kgwb.ComplEx(), dim=16)
    rules = kgwb.find_rules(countries, min_support=1, min_confidence=0)
    found = propose_facts(reader, [FORM.format("Oslo", "Norway")], countries, vectors=vectors, rules=rules, least=0.0)
    assert len(found) == 4  # two relations, both ways
    by = found.set_index(["relation_label", "head_label"])
    assert by.loc[("capital of", "Oslo"), "by_types"] == 1.0 and by.loc[("flows through", "Oslo"), "by_types"] == 0.0
    assert by.loc[("capital of", "Norway"), "by_types"] == 0.0
    fact = [countries.entity_id("Oslo"), countries.relation_id("capital of"), countries.entity_id("Norway")]
    scores = vectors.score_tails([fact])[0].detach().numpy()
    others = [countries.entity_id(name) for name in CAPITALS.values() if name != "Norway"]
    share = np.mean(scores[others] < scores[fact[2]])
    assert by.loc[("capital of", "Oslo"), "by_vectors"] == pytest.approx(share)
    drawn = kgwb.graph.apply_rules(countries, rules).frame
    for row in found.itertuples():
        its = drawn[(drawn["head"] == row.head) & (drawn["relation"] == row.relation) & (drawn["tail"] == row.tail)]
        assert np.isnan(row.by_rules) if its.empty else row.by_rules == its["confidence"].iloc[0]


def test_types_say_which_relation_is_usual_between_them_and_which_way_round():
    facts = [
        ("a1", "treats", "b1"),
        ("a2", "treats", "b1"),
        ("a1", "treats", "b2"),
        ("b2", "caused by", "a2"),
        ("a1", "near", "a2"),
    ]
    kinds = {"a1": "drug", "a2": "drug", "b1": "disease", "b2": "disease", "c": ""}
    entities = pd.DataFrame({"entity": list(kinds), "type": list(kinds.values())})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), entities)
    asked = {("a2", "treats", "b2"): 3 / 4, ("b1", "caused by", "a1"): 1 / 4, ("a2", "caused by", "b2"): 0.0}
    asked |= {("a2", "near", "a1"): 1.0, ("b1", "near", "b2"): 0.0}  # no fact joins two diseases
    ids = np.array([(graph.entity_id(h), graph.relation_id(r), graph.entity_id(t)) for h, r, t in asked])
    heads, tails = ([kinds[fact[side]] for fact in asked] for side in (0, 2))
    assert weigh_types(graph, ids, heads, tails).tolist() == list(asked.values())
    assert np.isnan(weigh_types(graph, ids[:1], ["drug"], [""])).all()


def test_a_name_that_the_graph_lacks_is_shown_as_nil_with_its_tagged_type(reader, countries):
    model = copy.deepcopy(reader)
    rows = [(FORM.format(*each)[:-1].split(), ["B-city", "O", "O", "O", "O", "B-country"]) for each in CAPITALS.items()]
    EntityTags(pd.DataFrame(rows, columns=["tokens", "tags"])).fit_head(model)
    found = propose_facts(model, ["Quito is the capital of Ecuador.", FORM.format("Quito", "Norway")], countries)
    both = found[(found["head_label"] == "Quito") & (found["tail_label"] == "Ecuador")].iloc[0]
    assert (both["head"], both["tail"], both["head_type"], both["tail_type"]) == (-1, -1, "city", "country")
    half = found[(found["head_label"] == "Quito") & (found["tail_label"] == "Norway")].iloc[0]
    assert (half["head"], half["tail"]) == (-1, countries.entity_id("Norway")) and not half["known"]
    assert half["by_types"] == 1.0


def test_a_linker_of_its_own_decides_what_a_name_means(reader):
    facts = [
        ("springfield_il", "in", "Illinois"),
        ("springfield_ma", "in", "Massachusetts"),
        ("Boston", "capital of", "Ohio"),
    ]
    names = pd.DataFrame({"entity": ["springfield_il", "springfield_ma"], "label": "Springfield"})
    facts.append(("Boston", "flows through", "Ohio"))
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), names)
    text = "Springfield is the capital of Massachusetts."
    model = copy.deepcopy(reader)
    plain = propose_facts(model, [text], graph).iloc[0]
    assert plain["head"] == graph.entity_id("springfield_ma")
    frame = pd.DataFrame({"text": [text], "span": [(0, 11)], "entity": ["springfield_ma"]})
    EntityLinks(frame, graph).prepare(model)
    model.heads["entity_links"].bias.data.zero_()
    model.heads["entity_links"].weight.data.zero_()
    model.heads["entity_links"].weight.data[0, 5] = 9.0  # always none of them
    found = propose_facts(model, [text], graph)
    assert (found["head"] == -1).all() or (found["tail"] == -1).all()


def test_mentions_that_a_sentence_brings_are_taken_at_their_word(reader, countries):
    text = FORM.format("It", "Norway")
    mentions = (Mention(0, 2, countries.entity_id("Oslo")), Mention(21, 27, countries.entity_id("Norway")))
    top = propose_facts(reader, [Sentence(text, mentions)], countries, least=0.0).iloc[0]
    assert {top["head_label"], top["tail_label"]} == {"Oslo", "Norway"}


def test_sentences_without_two_names_give_an_empty_frame_with_all_columns(reader, countries):
    found = propose_facts(reader, ["Nothing.", "Oslo."], countries)
    assert len(found) == 0 and {"probability", "stated_in", "contradicts"} <= set(found.columns)


def test_nothing_found_joins_what_is_found_and_ids_stay_ids(reader, countries):
    nothing = propose_facts(reader, ["Nobody is here."], countries)
    found = propose_facts(reader, [FORM.format("Oslo", "Norway")], countries, least=0.0)
    numbers = [name for name in found.columns if found[name].dtype.kind in "iufb"]
    assert {"head", "relation", "tail", "support", "probability", "known"} <= set(numbers)
    assert nothing[numbers].dtypes.equals(found[numbers].dtypes)
    assert pd.concat([nothing, found])[numbers].dtypes.equals(found[numbers].dtypes)


def test_a_text_that_is_too_long_is_left_out_and_counted(reader, countries, caplog):
    long = FORM.format("Oslo", "Norway") + " and" * 600
    with caplog.at_level(logging.WARNING):
        found = propose_facts(reader, [FORM.format("Rome", "Italy"), long], countries)
    assert "1 text of more than 510 word pieces not read (the first is number 1)" in caplog.text
    assert set(found["stated_in"]) == {(0,)}


def test_what_is_missing_is_said(reader, countries, caplog):
    with pytest.raises(
        ValueError, match=r"has no head of relation classes, which reads relations\. Tune it: kgwb\.tune\("
    ):
        propose_facts(kgwb.load_bert("minilm"), ["x"], countries)
    with pytest.raises(
        ValueError, match=r"reader='one' came; .* relation classes: relation_classes\. Type reader='relation_"
    ):
        propose_facts(reader, ["x"], countries, reader="one")
    with pytest.raises(ValueError, match=r"has these heads of entity tags: none\. Type tagger=None\."):
        propose_facts(reader, ["x"], countries, tagger="tags")
    other = KnowledgeGraph.from_pandas(pd.DataFrame([["a", "b", "c"]], columns=["head", "relation", "tail"]))
    with pytest.raises(kgwb.graph.UnknownNameError, match="capital of"):
        propose_facts(reader, ["x"], other)
    vectors = kgwb.GraphEmbedding(other, kgwb.ComplEx(), dim=4)
    with pytest.raises(
        ValueError, match=r"their entities differ\. Type vectors=kgwb\.learn\.carry_vectors\(vectors, graph\)"
    ):
        propose_facts(reader, ["x"], countries, vectors=vectors)
    sure = kgwb.load_bert("minilm")
    frame = pair_up()
    RelationClasses(frame[frame["label"] != "none"]).fit_head(sure)
    propose_facts(sure, [FORM.format("Oslo", "Norway")], countries)
    assert "has no label 'none', so every two names get a relation" in caplog.text


def test_a_calibration_is_applied(reader, countries):
    texts = [FORM.format(*pair) for pair in CAPITALS.items()]
    empty = KnowledgeGraph.from_pandas(countries.to_pandas()[:1], countries.entities, relations=countries.relations)
    found = propose_facts(reader, texts, empty, least=0.001)
    right = [
        (empty.entity_id(city), empty.relation_id("capital of"), empty.entity_id(land))
        for city, land in CAPITALS.items()
    ]
    calibration = calibrate_facts(found, right)
    joined = propose_facts(reader, texts, empty, least=0.001, calibration=calibration)
    ids = ["head", "relation", "tail"]
    applied = calibration.apply(found).sort_values(ids, ignore_index=True)
    pd.testing.assert_frame_equal(applied, joined.sort_values(ids, ignore_index=True))
    assert joined["probability"].between(0, 1).all() and not np.allclose(joined["probability"], joined["by_text"])


def test_names_can_be_read_as_their_types(countries):
    entities = countries.entities.assign(type=countries.entities["type"].replace("city", "old_city"))
    graph = KnowledgeGraph.from_pandas(countries.to_pandas(), entities, relations=countries.relations)
    wordings = {"capital of": FORM.format("{head}", "{tail}"), "flows through": "{head} flows through {tail}."}
    model = kgwb.load_bert("minilm")
    RelationClasses(pair_names(kgwb.verbalise(graph, wordings=wordings), graph, typed=True)).fit_head(model)
    text = FORM.format("Oslo", "Norway")
    top = propose_facts(model, [text], graph, typed=True).iloc[0]
    assert (top["head_label"], top["tail_label"], top["sentence"]) == ("Oslo", "Norway", text)
    assert (top["head_start"], top["head_end"]) == (0, 4)  # where the text itself names it
    frame = pd.DataFrame({"text": [FORM.format("old city", "country")], "head": [(0, 8)], "tail": [(27, 34)]})
    [read] = kgwb.learn.predict(model, frame)["probability"]
    assert top["by_text"] == pytest.approx(read, abs=1e-5)
    assert propose_facts(model, [text], graph).iloc[0]["by_text"] != pytest.approx(read, abs=1e-3)
