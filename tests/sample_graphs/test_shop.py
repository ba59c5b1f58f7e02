"""The invented shop keeps the rules its README states, and its sentences tell its facts."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd
import pytest
from shop_numbers import FOLDER

import kgwb

WRITTEN = ("triples", "entities", "relations", "interactions", "tastes", "questions")
RANGES = {
    "in_category": {("item", "category")},
    "made_by": {("item", "brand")},
    "made_of": {("item", "material")},
    "has_color": {("item", "color")},
    "suited_for": {("item", "activity")},
    "fits": {("item", "item")},
    "replaced_by": {("item", "item")},
    "supplied_by": {("brand", "supplier")},
    "based_in": {("brand", "city"), ("supplier", "city")},
    "part_of": {("category", "department")},
    "return_within": {("category", "policy")},
    "cared_for_by": {("material", "care")},
    "contains": {("order", "item")},
    "has_status": {("order", "status")},
    "lives_in": {("customer", "city")},
    "interested_in": {("customer", "activity")},
}
ONE_TAIL = (
    *("in_category", "made_by", "has_color", "replaced_by", "supplied_by", "based_in", "part_of", "return_within"),
    *("cared_for_by", "has_status", "lives_in"),
)
FITS = {"filters": "coffee_makers", "shades": "lamps", "rain_covers": "backpacks", "pen_cases": "pens"}
UNTOLD, TOLD_BY_TURNS = {"lives_in", "interested_in"}, {"in_category", "has_color", "suited_for", "contains"}
NUMBERS = ["price", "weight", "stock", "warranty", "rating"]
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def relations() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "relations.tsv", sep="\t", quoting=3).set_index("relation")


@pytest.fixture(scope="module")
def items(entities) -> pd.DataFrame:
    return entities[entities["type"] == "item"]


@pytest.fixture(scope="module")
def tails(triples) -> dict[str, dict[str, set[str]]]:
    """For each relation, the tails of a head."""
    return {name: told.groupby("head")["tail"].apply(set).to_dict() for name, told in triples.groupby("relation")}


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(FOLDER)


def test_the_readme_counts_what_is_there(readme, triples, entities, sentences):
    rows = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", readme, re.MULTILINE)}
    counted = Counter(entities["type"]) | Counter(triples["relation"])
    assert counted == {name: count for name, count in rows.items() if name in counted}
    rest = (len((FOLDER / f"{name}.tsv").read_text("utf-8").splitlines()) - 1 for name in ("interactions", "questions"))
    seen = len(entities), len(triples), triples["relation"].nunique(), next(rest), len(sentences), next(rest)
    stated = "{:,} entities, {:,} triples, {} relations, {:,} purchases, {:,} sentences, {} questions".format(*seen)
    assert stated in readme


def test_the_readme_states_the_chance_level_of_every_relation(readme, triples):
    stated = re.findall(r"^\| `(\w+)` \| \d+ \| .* → .* \| (\d+) \| ([\d.]+) \|$", readme, re.MULTILINE)
    assert {relation for relation, _, _ in stated} == set(RANGES)
    for relation, count, chance in stated:
        shares = triples[triples["relation"] == relation]["tail"].value_counts(normalize=True)
        assert (len(shares), f"{shares.max():.3f}") == (int(count), chance), relation


def test_relations_join_the_types_they_should(triples, entities):
    kind = entities["type"]
    ends = zip(triples["relation"], kind[triples["head"]], kind[triples["tail"]], strict=True)
    found: dict[str, set[tuple[str, str]]] = {}
    for relation, head, tail in ends:
        found.setdefault(relation, set()).add((head, tail))
    assert found == RANGES


def test_what_has_one_tail_has_one_and_what_everything_has_it_has(tails, entities):
    for relation in ONE_TAIL:
        assert {len(found) for found in tails[relation].values()} == {1}, relation
    assert {len(liked) for liked in tails["interested_in"].values()} == {2}
    everything = set(RANGES) - {"made_of", "fits", "replaced_by"}
    for relation in everything:
        heads = {head for head, _ in RANGES[relation]}
        assert set(tails[relation]) == set(entities.index[entities["type"].isin(heads)]), relation


def test_an_accessory_fits_items_of_the_category_it_is_for(tails):
    category = {item: next(iter(found)) for item, found in tails["in_category"].items()}
    pairs = {(category[accessory], category[item]) for accessory, found in tails["fits"].items() for item in found}
    assert pairs == set(FITS.items())
    assert set(tails["fits"]) == {item for item, kind in category.items() if kind in FITS}
    assert {len(found) for found in tails["fits"].values()} == {1, 2, 3}


def test_a_replaced_item_has_a_successor_of_its_brand_material_and_use(tails, items):
    assert len(tails["replaced_by"]) == 6
    for item, (successor,) in tails["replaced_by"].items():
        for relation in ("in_category", "made_by", "made_of", "suited_for"):
            assert tails[relation][item] == tails[relation][successor], (item, relation)
        assert items["description"][item] == items["description"][successor]
        assert items["stock"][item] == "0" and items["launched"][item] < items["launched"][successor]


def test_items_have_their_numbers_and_some_lack_one(readme, items, entities, tails):
    numbers = items[NUMBERS].apply(pd.to_numeric)
    assert (numbers[["price", "stock"]].notna()).all(axis=None) and (numbers["price"] > 0).all()
    assert numbers["rating"].dropna().between(1, 5).all() and items["launched"].str.fullmatch(r"20\d\d-\d\d-\d\d").all()
    lacking = f"{numbers['weight'].isna().sum()} items have no weight, {numbers['warranty'].isna().sum()} no warranty"
    assert f"{lacking}, {len(items) - len(tails['made_of'])} no material" in readme
    assert not entities.loc[entities["type"] != "item", [*NUMBERS, "launched"]].ne("").any(axis=None)
    assert f"{(items['launched'] >= '2025-10-01').sum()} items are new" in readme


def test_everything_is_named_in_english_and_in_chinese(entities, relations):
    assert entities["label"].str.fullmatch(r"[A-Za-z0-9' ]+").all() and entities["description"].ne("").all()
    assert entities["label_zh"].str.contains(CHINESE).all() and relations["label_zh"].str.contains(CHINESE).all()
    assert relations["label"].is_unique and relations["label_zh"].is_unique


def test_names_are_shared_by_two_pairs_of_items_and_by_a_brand_and_a_material(readme, graph):
    owners: dict[str, set[str]] = {}
    for entity, name in enumerate(graph.entities["entity"]):
        for spelt in graph.spellings(entity):
            owners.setdefault(spelt.casefold(), set()).add(name)
    shared = {name: found for name, found in owners.items() if len(found) > 1}
    twins = ({"A10010", "A10011"}, {"A11310", "A11311"})
    assert shared == {
        "sierra kettle": twins[0],
        "山脊水壶": twins[0],
        "marlin fountain pen": twins[1],
        "旗鱼钢笔": twins[1],
        "flax": {"flaxholm", "linen"},
        "亚麻": {"flaxholm", "linen"},
    }
    assert all(name in readme for found in shared.values() for name in found if name.startswith("A"))


def test_twins_differ_in_brand_material_color_and_price(tails, items):
    for first, second in (("A10010", "A10011"), ("A11310", "A11311")):
        for relation in ("made_by", "made_of", "has_color"):
            assert tails[relation][first] != tails[relation][second]
        assert items["price"][first] != items["price"][second]


def test_a_chinese_name_stands_in_another_only_where_flax_is_meant(graph):
    spelt = {(name, entity) for entity in range(len(graph.entities)) for name in graph.spellings(entity)}
    chinese = [(name, entity) for name, entity in spelt if CHINESE.search(name)]
    within = {(a, b) for a, one in chinese for b, other in chinese if one != other and a in b and a != b}
    short = {alias for aliases in graph.entities["aliases"] for alias in aliases}
    assert {a for a, _ in within} == {"亚麻"} and "亚麻" in short


# The sentences.


def test_mentions_mark_the_entities_they_name(sentences, graph):
    for sentence in sentences:
        spans = [(mention["start"], mention["end"]) for mention in sentence["mentions"]]
        assert spans == sorted(spans) and spans[0][1] <= spans[1][0]
        names = {mention["entity"] for mention in sentence["mentions"]}
        assert names == {sentence["triple"][0], sentence["triple"][2]}
        for mention in sentence["mentions"]:
            name = sentence["text"][mention["start"] : mention["end"]].casefold()
            assert name in {each.casefold() for each in graph.spellings(graph.entity_id(mention["entity"]))}


def test_facts_are_told_in_both_languages_or_by_turns(sentences, triples):
    told = Counter((*sentence["triple"], sentence["language"]) for sentence in sentences)
    wordings = {(s["triple"][1], s["language"], s["wording"]) for s in sentences}
    for head, relation, tail in triples.itertuples(index=False, name=None):
        counts = sorted(told[head, relation, tail, language] for language in ("en", "zh"))
        expected = [0, 0] if relation in UNTOLD else [0, 1] if relation in TOLD_BY_TURNS else [1, 1]
        assert counts == expected, (head, relation, tail)
    assert wordings == {(r, lang, n) for r in set(RANGES) - UNTOLD for lang in ("en", "zh") for n in (0, 1)}


def test_no_sentence_speaks_of_a_customer(sentences, entities):
    named = {mention["entity"] for sentence in sentences for mention in sentence["mentions"]}
    assert "customer" not in set(entities.loc[list(named), "type"])


def test_kgwb_reads_it_whole_and_says_its_facts(graph, triples, entities, sentences):
    assert (len(graph), len(graph.entities), len(graph.relations)) == (len(triples), len(entities), len(RANGES))
    assert graph.notes == () and graph.entities[NUMBERS].dtypes.eq("float64").all()
    told = kgwb.read_sentences(FOLDER, graph)
    assert [sentence.text for sentence in told] == [sentence["text"] for sentence in sentences]
    for language, text in (("en", "The Sierra kettle is made of ceramic."), ("zh", "山脊水壶的材质是陶瓷。")):
        said = kgwb.verbalise(graph, language=language)
        assert len(said) == 2 * len(triples) and text in {each.text for each in said}


def test_find_mentions_finds_the_marked_mentions(graph):
    told = [each for each in kgwb.read_sentences(FOLDER, graph) if each.language == "en"][::20]
    found = kgwb.find_mentions([each.text for each in told], graph, kgwb.load_bert("minilm").tokenizer)
    marked = {(i, m.start, m.end) for i, each in enumerate(told) for m in each.mentions}
    seen = {(i, m.start, m.end) for i, mentions in enumerate(found) for m in mentions}
    assert len(marked & seen) >= 0.99 * len(marked) and len(marked & seen) >= 0.99 * len(seen)
