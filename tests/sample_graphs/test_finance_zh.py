"""The invented market keeps the rules its README states, and its sentences tell its facts."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from finance_numbers import FOLDER, NUMBERS, read_numbers

WRITTEN = ("triples.tsv", "entities.tsv", "relations.tsv", "sentences.jsonl")
OF_TYPE = {
    "stock": {"yield", "volatility", "size"},
    "bond": {"yield", "volatility", "size", "coupon", "term"},
    "fund": {"yield", "volatility", "size", "fee"},
    "company": {"volatility", "size"},
    "index": {"volatility"},
    "industry": {"growth"},
    "rating": {"spread"},
    "manager": {"experience"},
    "city": set(),
    "exchange": set(),
}
RANGES = {
    "issues": {("company", "stock"), ("company", "bond")},
    "in_industry": {("company", "industry")},
    "based_in": {("company", "city"), ("exchange", "city")},
    "holds": {("fund", "stock"), ("fund", "bond")},
    "managed_by": {("fund", "manager")},
    "tracks": {("fund", "index")},
    "constituent_of": {("stock", "index")},
    "rated": {("bond", "rating")},
    "supplies": {("company", "company")},
    "listed_on": {("stock", "exchange"), ("bond", "exchange")},
    "guaranteed_by": {("bond", "company")},
}
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def relations() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "relations.tsv", sep="\t", quoting=3).set_index("relation")


@pytest.fixture(scope="module")
def numbers(entities) -> pd.DataFrame:
    return read_numbers(entities)


@pytest.fixture(scope="module")
def spellings(entities) -> dict[str, list[str]]:
    """What Chinese text may call each entity."""
    rows = zip(entities.index, entities["label"], entities["aliases"], strict=True)
    return {entity: [label, *filter(None, aliases.split("|"))] for entity, label, aliases in rows}


@pytest.fixture(scope="module")
def tails(triples) -> dict[str, dict[str, str]]:
    """For each relation, the tail of a head; of several, the last."""
    return {name: dict(zip(told["head"], told["tail"], strict=True)) for name, told in triples.groupby("relation")}


def test_the_readme_counts_what_is_there(readme, triples, entities, sentences):
    rows = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \S+ \| (\d+) \|", readme, re.MULTILINE)}
    assert rows == Counter(entities["type"]) | Counter(triples["relation"])
    seen = len(entities), len(triples), triples["relation"].nunique(), len(sentences)
    assert "{:,} entities, {:,} triples, {} relations, {:,} sentences".format(*seen) in readme


def test_the_readme_states_the_chance_level_of_every_relation(readme, triples):
    stated = re.findall(r"^\| `(\w+)` \S+ \| \d+ \| .* \| (\d+) \| ([\d.]+) \|$", readme, re.MULTILINE)
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


def test_what_has_one_tail_has_one(triples, entities):
    each = {"in_industry": ["company"], "based_in": ["company", "exchange"], "managed_by": ["fund"], "rated": ["bond"]}
    each["listed_on"] = ["stock", "bond"]
    for relation, kinds in each.items():
        heads = triples.loc[triples["relation"] == relation, "head"]
        assert heads.is_unique and set(heads) == set(entities.index[entities["type"].isin(kinds)]), relation
    issued = triples.loc[triples["relation"] == "issues", "tail"]
    assert issued.is_unique and set(issued) == set(entities.index[entities["type"].isin(["stock", "bond"])])


def test_nobody_supplies_itself_or_guarantees_its_own_bond(triples, entities):
    supplies = triples[triples["relation"] == "supplies"]
    pairs = set(zip(supplies["head"], supplies["tail"], strict=True))
    assert all(head != tail and (tail, head) not in pairs for head, tail in pairs)
    assert set(supplies["tail"]) == set(entities.index[entities["type"] == "company"])
    issued = triples[triples["relation"] == "issues"].set_index("tail")["head"]
    guaranteed = triples[triples["relation"] == "guaranteed_by"]
    assert (issued[guaranteed["head"]].to_numpy() != guaranteed["tail"].to_numpy()).all()


def test_an_index_fund_holds_only_what_its_index_lists(triples, entities, tails):
    listed = set(
        triples.loc[triples["relation"] == "constituent_of", ["head", "tail"]].itertuples(index=False, name=None)
    )
    holds = triples[triples["relation"] == "holds"]
    index_funds = [fund for fund in entities.index[entities["type"] == "fund"] if "指数" in entities.label[fund]]
    assert set(index_funds) == set(tails["tracks"])
    for fund, security in zip(holds["head"], holds["tail"], strict=True):
        if fund in tails["tracks"]:
            assert (security, tails["tracks"][fund]) in listed


def test_indices_list_whole_sectors_or_the_extremes(triples, entities, numbers, tails):
    issued = triples[triples["relation"] == "issues"].set_index("tail")["head"]
    listed = triples[triples["relation"] == "constituent_of"].groupby("tail")["head"].apply(set)
    stocks = numbers[numbers["type"] == "stock"]
    industry = issued[stocks.index].map(tails["in_industry"])
    by_rule = {entities.label[index][2:-2]: members for index, members in listed.items()}
    for sector in ("金融", "消费", "制造", "信息"):
        assert by_rule[sector] == set(industry.index[industry.isin(industry[list(by_rule[sector])])])
        assert industry[list(by_rule[sector])].nunique() == 3
    rest = {rule: stocks.index.difference(list(by_rule[rule])) for rule in ("大盘", "小盘", "低波")}
    inside = {rule: stocks.loc[list(by_rule[rule])] for rule in rest}
    assert {len(rows) for rows in inside.values()} == {15}
    assert inside["大盘"]["size"].min() >= stocks.loc[rest["大盘"], "size"].max()
    assert inside["小盘"]["size"].max() <= stocks.loc[rest["小盘"], "size"].min()
    assert inside["低波"]["volatility"].max() <= stocks.loc[rest["低波"], "volatility"].min()


def test_larger_issuers_are_rated_better_by_and_large(triples, numbers, tails):
    issued = triples[triples["relation"] == "issues"].set_index("tail")["head"]
    spread = numbers["spread"][list(tails["rated"].values())].rank().to_numpy()
    size = numbers["size"][issued[list(tails["rated"])]].rank().to_numpy()
    assert -0.95 < np.corrcoef(spread, size)[0, 1] < -0.4


def test_everything_is_named_in_chinese_and_in_english(entities, relations):
    named = entities[entities["type"] != "rating"]
    assert named["label"].str.contains(CHINESE).all() and entities["description"].str.contains(CHINESE).all()
    assert entities["label_en"].str.fullmatch(r"[A-Za-z0-9+ -]+").all()
    assert relations["label"].str.contains(CHINESE).all() and relations["description"].str.contains(CHINESE).all()
    assert relations["label"].is_unique and relations["label_en"].is_unique


def test_no_name_is_shared_and_no_two_are_each_other_turned_round(entities, spellings):
    names = [{*found, entity, entities.label_en[entity]} for entity, found in spellings.items()]
    owners = Counter(name for found in names for name in {each.casefold() for each in found})
    assert [name for name, count in owners.items() if count > 1] == []
    for kind, labels in entities.groupby("type")["label"]:
        assert labels.map(lambda label: "".join(sorted(label))).is_unique, kind


def test_a_name_stands_in_another_only_as_the_short_name_of_its_issuer(entities, spellings, tails, triples):
    issued = triples[triples["relation"] == "issues"].set_index("tail")["head"]
    names = [(name, entity) for entity, found in spellings.items() for name in found]
    within = {(a, b) for short, a in names for long, b in names if a != b and short in long}
    ratings = {pair for pair in within if set(entities.type[list(pair)]) == {"rating"}}
    assert within - ratings == {(company, security) for security, company in issued.items()}


def test_descriptions_name_no_entity_and_tell_no_yield(entities, numbers, spellings):
    for entity, text in entities["description"].items():
        assert not any(name in text for found in spellings.values() for name in found if CHINESE.search(name))
        told = {float(number) for number in re.findall(r"[\d.]+", text)}
        assert told <= set(numbers.loc[entity, ["size", "term", "experience"]].dropna())


def test_every_type_has_its_numbers(numbers):
    for kind, rows in numbers.groupby("type"):
        has = rows[list(NUMBERS)].notna()
        assert (has.any() == has.all()).all() and set(has.columns[has.all()]) == OF_TYPE[kind], kind
    assert (numbers[["yield", "volatility", "size", "coupon", "term"]].min() > 0).all()


def test_the_readme_states_how_far_the_word_of_a_company_gives_its_industry_away(readme, entities, tails):
    words = {company: entities.label[company][2:] for company in tails["in_industry"]}
    pairs = Counter((word, tails["in_industry"][company]) for company, word in words.items())
    right = sum(max(count for (other, _), count in pairs.items() if other == word) for word in set(words.values()))
    assert f"right for {right} of {len(words)} companies" in readme


# The sentences.


def test_mentions_mark_the_entities_they_name(sentences, spellings):
    for sentence in sentences:
        assert sentence["language"] == "zh"
        ends = [0, *(end for mention in sentence["mentions"] for end in (mention["start"], mention["end"]))]
        assert ends == sorted(ends)
        for mention in sentence["mentions"]:
            assert sentence["text"][mention["start"] : mention["end"]] in spellings[mention["entity"]]


def test_every_fact_is_told_in_every_wording_of_its_relation(triples, sentences):
    told = Counter((*sentence["triple"], sentence["wording"]) for sentence in sentences if sentence["triple"])
    counts = {relation: 3 if relation == "in_industry" else 2 for relation in RANGES}
    facts = triples.itertuples(index=False, name=None)
    assert told == Counter((*fact, number) for fact in facts for number in range(counts[fact[1]]))
    assert len({sentence["text"] for sentence in sentences if sentence["triple"]}) == sum(told.values())


def test_prose_names_two_or_three_and_uses_short_names_and_codes(entities, sentences):
    prose = [sentence for sentence in sentences if sentence["triple"] is None]
    assert len(prose) == 60 + 12 and all(2 <= len(sentence["mentions"]) <= 3 for sentence in prose)
    labels = set(entities["label"])
    named = [s["text"][m["start"] : m["end"]] for s in prose for m in s["mentions"]]
    assert sum(name not in labels for name in named) >= 15


@pytest.fixture(scope="module")
def market():
    import kgwb

    return kgwb.read_graph(FOLDER)


@pytest.fixture(scope="module")
def told(market):
    import kgwb

    return kgwb.read_sentences(FOLDER, market)


def test_kgwb_reads_it_whole(market, told, triples, entities, sentences):
    assert (len(market), len(market.entities), len(market.relations)) == (len(triples), len(entities), len(RANGES))
    assert market.to_pandas().equals(triples) and market.notes == ()
    assert market.entities[list(NUMBERS)].dtypes.eq("float64").all()
    assert [sentence.text for sentence in told] == [sentence["text"] for sentence in sentences]
    assert market.relation_labels[market.relation_id("issues")] == "发行"


def test_find_mentions_finds_the_marked_mentions_with_a_tokenizer_of_characters(market, told):
    import kgwb
    from kgwb.bert.word_pieces import learn_word_pieces

    texts = [sentence.text for sentence in told]
    tokenizer = learn_word_pieces(texts, 4000, longest=128)
    assert tokenizer.unk_token not in {piece for text in texts for piece in tokenizer.tokenize(text)}
    found = kgwb.find_mentions(texts, market, tokenizer)
    marked = {(i, m.start, m.end, m.entity) for i, sentence in enumerate(told) for m in sentence.mentions}
    seen = {(i, m.start, m.end, m.entity) for i, mentions in enumerate(found) for m in mentions}
    assert len(marked & seen) >= 0.99 * len(marked) and len(marked & seen) >= 0.99 * len(seen)


def test_chinese_questions_are_answered_by_a_bert_that_reads_characters(market, told, tmp_path):
    import kgwb
    from kgwb.bert.tiny import train_tiny

    questions = kgwb.make_questions(told, market, language="zh", relations=["in_industry", "rated", "managed_by"])
    assert len(questions) == 3 * 60 + 2 * 50 + 2 * 40 and questions.left_out == ()
    bert = kgwb.load_bert(train_tiny(told, layers=2, width=32, steps=1, cache=tmp_path, progress=False))
    prepared = kgwb.MaskedAnswers(questions).prepare(bert)
    assert not prepared.indistinct.any() and prepared.chance == pytest.approx(questions.chance)
    first = next(kgwb.tune(bert, prepared, epochs=1))
    assert np.isfinite(first.loss) and first.loss > 0
    listed = kgwb.make_questions(told, market, language="zh", relations="listed_on", choices=3)
    assert "还是" in listed[0].text


def test_verbalise_speaks_both_languages(market):
    import kgwb

    triple = market.triples[:1]
    (chinese,), (english,) = (kgwb.verbalise(market, triple, language=language) for language in ("zh", "en"))
    assert CHINESE.search(chinese.text) and not CHINESE.search(english.text)
