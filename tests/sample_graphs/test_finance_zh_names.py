"""Two companies of the invented market changed their names, and texts use the name of their year."""

from __future__ import annotations

import re

import pytest
from finance_numbers import FOLDER

import kgwb


@pytest.fixture(scope="module")
def renamed(entities):
    return entities[entities["former_name"].ne("")]


def test_two_companies_have_a_former_name_of_another_trade(renamed, entities, readme):
    assert renamed["type"].eq("company").all() and len(renamed) == 2
    assert entities["renamed"].ne("").equals(entities["former_name"].ne(""))
    for name, company in renamed.iterrows():
        assert company["former_name"] in company["aliases"].split("|")
        assert not set(company["former_name"]) & set(company["label"]), name
        assert f"{company['label']} was called {company['former_name']} until {company['renamed']}" in readme


def test_the_graph_knows_a_company_by_both_names(renamed):
    graph = kgwb.read_graph(FOLDER)
    for company in renamed.itertuples():
        assert graph.entity_id(company.former_name) == graph.entity_id(company.label) == graph.entity_id(company.Index)


def test_a_text_has_the_name_of_its_year(renamed, sentences):
    dated = 0
    for company in renamed.itertuples():
        for sentence in sentences:
            spelt = [
                sentence["text"][m["start"] : m["end"]] for m in sentence["mentions"] if m["entity"] == company.Index
            ]
            year = re.match(r"(\d{4})年", sentence["text"])
            if company.former_name in spelt:
                assert sentence["triple"] is None
            if spelt and year:
                dated += 1
                assert (company.former_name in spelt) is (year[1] <= company.renamed or "（原" in sentence["text"])
                assert (company.label in spelt) is (year[1] >= company.renamed)
    assert dated == 5 * len(renamed)


def test_former_names_are_found_in_text(renamed, sentences):
    from kgwb.bert.word_pieces import learn_word_pieces

    graph = kgwb.read_graph(FOLDER)
    tokenizer = learn_word_pieces([sentence["text"] for sentence in sentences], 4000, longest=128)
    for company in renamed.itertuples():
        (found,) = kgwb.find_mentions([f"2016年，{company.former_name}发布了年报。"], graph, tokenizer)
        assert [(mention.text, mention.entity) for mention in found] == [
            (company.former_name, graph.entity_id(company.Index))
        ]
