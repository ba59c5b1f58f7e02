"""The world graph is complete, contradicts itself nowhere, and its sentences mark whatever they name."""

from __future__ import annotations

import re
import runpy
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "world"
FILES = ("triples.tsv", "entities.tsv", "relations.tsv", "sentences.jsonl", "README.md", "prose.txt", "wordings.py")
RANGES = {
    "capital": ("state", "city"),
    "continent": ("state", "continent"),
    "subregion": ("state", "subregion"),
    "part_of": ("subregion", "continent"),
    "borders": ("state", "state"),
    "official_language": ("state", "language"),
    "currency": ("state", "currency"),
}
MEMBERS = {"africa": 54, "americas": 35, "asia": 47, "europe": 43, "oceania": 14}
NEIGHBOURS = {
    "china": 14,
    "russia": 14,
    "brazil": 10,
    "france": 10,
    "democratic_republic_of_the_congo": 9,
    "germany": 9,
    "austria": 8,
    "tanzania": 8,
    "turkey": 8,
    "zambia": 8,
    "sudan": 7,
    "iran": 7,
    "mali": 7,
    "india": 6,
    "south_africa": 6,
    "united_states": 2,
    "united_kingdom": 1,
    "lesotho": 1,
    "japan": 0,
    "madagascar": 0,
}
ACROSS_CONTINENTS = {
    frozenset(pair.split())
    for pair in (
        "brazil france",
        "france suriname",
        "morocco spain",
        "egypt israel",
        "egypt palestine",
        "indonesia papua_new_guinea",
        "bulgaria turkey",
        "greece turkey",
        "azerbaijan russia",
        "georgia russia",
        "kazakhstan russia",
        "china russia",
        "mongolia russia",
        "north_korea russia",
    )
}
# Landlocked, and so are all their neighbours.
DOUBLY_LANDLOCKED = {"liechtenstein", "uzbekistan"}
FACTS = """
australia capital canberra              | brazil capital brasilia               | canada capital ottawa
burundi capital gitega                  | eswatini capital mbabane              | kazakhstan capital astana
myanmar capital naypyidaw               | nigeria capital abuja                 | south_africa capital pretoria
bolivia capital sucre                   | sri_lanka capital sri_jayawardenepura_kotte
singapore capital singapore_city        | turkey capital ankara                 | switzerland capital bern
equatorial_guinea capital ciudad_de_la_paz | tanzania capital dodoma            | new_zealand capital wellington
croatia currency euro                   | bulgaria currency euro                | zimbabwe currency zimbabwe_gold
ecuador currency us_dollar              | denmark currency danish_krone         | mali currency west_african_cfa_franc
chad currency central_african_cfa_franc | tuvalu currency australian_dollar
mauritania currency mauritanian_ouguiya | cuba currency cuban_peso         | japan currency japanese_yen
spain borders morocco                   | france borders suriname               | azerbaijan borders turkey
botswana borders zambia                 | china borders pakistan                | lithuania borders russia
brazil official_language portuguese_language | suriname official_language dutch_language
andorra official_language catalan_language   | paraguay official_language guarani_language
iran official_language persian_language      | austria official_language german_language
cyprus continent asia                   | mexico subregion central_america      | russia subregion eastern_europe
sudan subregion northern_africa         | zimbabwe subregion eastern_africa     | iran subregion southern_asia
"""
NOT_FACTS = """
albania borders serbia | mauritania borders morocco | malaysia borders singapore | bahrain borders saudi_arabia
denmark borders sweden | spain borders united_kingdom | afghanistan borders india | namibia borders zimbabwe
"""


def read_facts(text: str) -> list[tuple[str, ...]]:
    return [tuple(fact.split()) for fact in re.split(r"[|\n]", text) if fact.strip()]


def read_table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, sep="\t", keep_default_na=False, dtype=str, quoting=3)


@pytest.fixture(scope="module")
def states(entities) -> pd.DataFrame:
    return entities[entities["type"].isin(["country", "observer_state"])]


@pytest.fixture(scope="module")
def facts(triples) -> set[tuple[str, str, str]]:
    return set(triples.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def tails(triples) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for head, relation, tail in triples.itertuples(index=False, name=None):
        found[relation][head].add(tail)
    return found


@pytest.fixture(scope="module")
def names(entities) -> dict[str, set[str]]:
    return {
        entity: {label, label_zh, *filter(None, aliases.split("|"))}
        for entity, label, label_zh, aliases in zip(
            entities.index, entities["label"], entities["label_zh"], entities["aliases"], strict=True
        )
    }


def test_all_members_of_the_united_nations_are_there(entities, states):
    members = entities.index[entities["un_member"] == "1"]
    assert len(members) == 193
    assert set(members) == set(entities.index[entities["type"] == "country"])
    assert set(states.index) - set(members) == {"palestine", "vatican"}
    assert states["iso_code"].str.fullmatch("[A-Z]{3}").all() and states["iso_code"].is_unique


def test_every_state_is_complete(states, tails):
    for relation in ("capital", "continent", "subregion", "currency"):
        assert {state for state in states.index if len(tails[relation][state]) != 1} == set()
    assert {state for state in states.index if not tails["official_language"][state]} == set()
    assert (states["area"].astype(float) > 0).all() and (states["population"].astype(int) > 0).all()


def test_a_capital_is_the_capital_of_one_state(triples):
    assert triples.loc[triples["relation"] == "capital", "tail"].is_unique


def test_relations_join_the_types_they_should(triples, entities):
    kind = entities["type"].replace({"country": "state", "observer_state": "state"})
    ends = zip(triples["relation"], kind[triples["head"]], kind[triples["tail"]], strict=True)
    assert {end for end in ends if RANGES[end[0]] != end[1:]} == set()


def test_everything_has_an_english_and_a_chinese_name(entities):
    assert entities["label"].str.strip().ne("").all() and entities["description"].str.strip().ne("").all()
    assert entities["label_zh"].str.contains("[\u4e00-\u9fff]").all()
    assert read_table("relations.tsv")["label_zh"].str.contains("[\u4e00-\u9fff]").all()


def test_no_name_is_shared_not_even_when_case_is_lost(names):
    owners = Counter(name for found in names.values() for name in {name.lower() for name in found})
    assert [name for name, count in owners.items() if count > 1] == []


def test_borders_hold_in_both_directions(facts):
    borders = {(head, tail) for head, relation, tail in facts if relation == "borders"}
    assert borders == {(tail, head) for head, tail in borders}
    assert all(head != tail for head, tail in borders)


def test_neighbours_share_a_continent_or_are_a_known_exception(tails):
    continent = {state: min(found) for state, found in tails["continent"].items()}
    across = {
        frozenset((head, tail))
        for head, found in tails["borders"].items()
        for tail in found
        if continent[head] != continent[tail]
    }
    assert across == ACROSS_CONTINENTS


@pytest.mark.parametrize(("state", "count"), NEIGHBOURS.items())
def test_number_of_neighbours(tails, state, count):
    assert len(tails["borders"][state]) == count


def test_subregions_lie_in_one_continent_each_with_all_their_states(tails, entities):
    assert {len(found) for found in tails["part_of"].values()} == {1}
    assert len(tails["part_of"]) == (entities["type"] == "subregion").sum() == 22
    for state, (subregion,) in tails["subregion"].items():
        assert tails["part_of"][subregion] == tails["continent"][state]


def test_members_per_continent(tails, entities):
    members = entities.index[entities["un_member"] == "1"]
    assert Counter(min(tails["continent"][state]) for state in members) == MEMBERS


def test_landlocked_states(states, tails):
    landlocked = set(states.index[states["landlocked"] == "1"])
    assert len(landlocked) == 44 and len(landlocked - {"vatican"}) == 43
    enclosed = {state for state in landlocked if tails["borders"][state] <= landlocked}
    assert all(tails["borders"][state] for state in landlocked)
    assert enclosed == DOUBLY_LANDLOCKED


@pytest.mark.parametrize("fact", read_facts(FACTS), ids=" ".join)
def test_spot_facts(facts, fact):
    assert fact in facts


@pytest.mark.parametrize("fact", read_facts(NOT_FACTS), ids=" ".join)
def test_what_does_not_hold(facts, fact):
    assert fact not in facts


def test_extremes_of_area_and_population(states):
    area, population = states["area"].astype(float), states["population"].astype(int)
    assert list(area.nlargest(6).index) == ["russia", "canada", "united_states", "china", "brazil", "australia"]
    assert list(population.nlargest(5).index) == ["india", "china", "united_states", "indonesia", "pakistan"]
    assert list(area.nsmallest(3).index) == ["vatican", "monaco", "nauru"]
    assert 8.0e9 < population.sum() < 8.25e9
    assert 1.30e8 < area.sum() < 1.37e8


def test_sentences_mark_names_of_the_entity(sentences, names):
    for sentence in sentences:
        for mention in sentence["mentions"]:
            assert sentence["text"][mention["start"] : mention["end"]] in names[mention["entity"]]


def test_sentences_name_nothing_without_a_mark(sentences, names):
    longest_first = sorted((name for found in names.values() for name in found), key=len, reverse=True)
    pattern = {
        "en": re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)"),
        "zh": re.compile("|".join(map(re.escape, longest_first))),
    }
    for sentence in sentences:
        spans = [match.span() for match in pattern[sentence["language"]].finditer(sentence["text"])]
        assert spans == [(mention["start"], mention["end"]) for mention in sentence["mentions"]], sentence["text"]


def test_sentences_state_facts_of_the_graph(sentences, facts):
    for sentence in (sentence for sentence in sentences if sentence["triple"]):
        head, _, tail = sentence["triple"]
        assert tuple(sentence["triple"]) in facts
        assert {mention["entity"] for mention in sentence["mentions"]} == {head, tail}


def test_every_fact_but_a_border_is_put_into_words(sentences, facts):
    told = Counter((*sentence["triple"], sentence["language"]) for sentence in sentences if sentence["triple"])
    assert len({sentence["text"] for sentence in sentences}) == len(sentences)
    for fact in facts:
        if fact[1] != "borders":
            assert (told[(*fact, "en")], told[(*fact, "zh")]) == (2, 1)


def test_prose_mentions_a_few_entities(sentences):
    prose = [sentence for sentence in sentences if sentence["triple"] is None]
    assert len(prose) >= 60 and {sentence["language"] for sentence in prose} == {"en", "zh"}
    assert {len(sentence["mentions"]) for sentence in prose} <= {2, 3, 4}


def test_sentences_are_what_the_script_writes(sentences):
    assert list(runpy.run_path(str(FOLDER / "wordings.py"))["write_sentences"]()) == sentences


def test_readme_counts(entities, triples, sentences):
    rows = re.findall(r"^\| (?:– )?([\w]+)(.*?)\| ([\d,]+) \|$", (FOLDER / "README.md").read_text("utf-8"), re.M)
    stated = [(name, int(count.replace(",", ""))) for name, _, count in rows]
    told = Counter((sentence["language"], sentence["triple"] is not None) for sentence in sentences)
    counted = [
        ("entities", len(entities)),
        *((kind, (entities["type"] == kind).sum()) for kind in entities["type"].unique()),
        ("triples", len(triples)),
        *((name, (triples["relation"] == name).sum()) for name in triples["relation"].unique()),
        ("sentences", len(sentences)),
        ("English", told["en", True]),
        ("Chinese", told["zh", True]),
        ("prose", told["en", False] + told["zh", False]),
    ]
    assert stated == counted


def test_the_folder_holds_these_files_and_no_others():
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == set(FILES)


def test_it_reads_without_a_remark(triples, entities):
    from kgwb.graph.files.reading import read_graph

    graph = read_graph(FOLDER)
    germany = graph.entities.loc[graph.entity_id("Germany")]
    assert (len(graph), len(graph.entities), graph.notes) == (len(triples), len(entities), ())
    assert (germany["label_zh"], germany["type"], "Deutschland" in germany["aliases"]) == ("德国", "country", True)
    assert graph.entities[["area", "population"]].dtypes.eq("float64").all()
