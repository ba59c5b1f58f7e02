"""Notebook 17's exam leaks no yield, its floors are those of the market's README, and a reason taken away is gone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.embed import RESCAL, AffineEncoder
from kgwb.lessons import finance, market_texts, yield_guesses, yields
from kgwb.lessons.yields import Market


@pytest.fixture(scope="module")
def market() -> Market:
    return yields.read_market(kgwb.sample("finance_zh"))


@pytest.fixture(scope="module")
def results(market: Market) -> pd.DataFrame:
    return yield_guesses.compare_yield_guesses(market, seeds=1, steps=(1, 2))


@pytest.fixture(scope="module")
def readme() -> dict[str, list[float]]:
    """R² by kind: attributes alone, with relations, with shuffled ones, the formula."""
    text = (kgwb.sample("finance_zh") / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (stock|bond|fund) \|((?: \d\.\d\d \|){4})$", text, re.MULTILINE)
    return {kind: [float(cell) for cell in cells.split("|")[:-1]] for kind, cells in rows}


def test_the_graph_holds_no_yield_and_the_formula_is_the_readmes(
    market: Market, readme: dict[str, list[float]]
) -> None:
    assert "yield" not in market.graph.entities and repr(market) == "Market: 60 stocks, 50 bonds, 40 funds, 1,000 facts"
    guess = yields.apply_formula(market)
    for kind, cells in readme.items():
        assert yields.share_explained(market, guess[market.list_names(kind)]) == pytest.approx(cells[3], abs=0.006)


def test_a_company_is_hidden_with_all_that_it_issued(market: Market) -> None:
    folds = yields.draw_folds(market, seed=3)
    assert (folds.groupby(market.securities["owner"]).nunique() == 1).all() and set(folds) == set(range(5))
    alone = yields.draw_folds(market, seed=3, by="security")
    assert (alone.groupby(market.securities["owner"]).nunique() > 1).any()


@pytest.mark.parametrize("kind", yields.KINDS)
def test_no_column_knows_a_hidden_yield(market: Market, kind: str) -> None:
    other = Market(market.graph, market.securities.assign(**{"yield": market.securities["yield"] + 100}))
    pd.testing.assert_frame_equal(yields.list_path_numbers(market, kind), yields.list_path_numbers(other, kind))
    folds = yields.draw_folds(market)
    hidden = market.securities["yield"].mask(folds == 0, 1e6)
    blind = Market(market.graph, market.securities.assign(**{"yield": hidden}))
    told = folds.index[folds != 0]
    read = [yields.read_yields(each, "fund", told) for each in (market, blind)]
    pd.testing.assert_frame_equal(*read)


def test_no_way_to_guess_reads_what_it_is_asked_for(market: Market) -> None:
    """Other hidden yields, the same guesses."""
    folds = yields.draw_folds(market)
    other = Market(
        market.graph, market.securities.assign(**{"yield": market.securities["yield"].mask(folds == 0, 50.0)})
    )
    asked = folds.index[folds == 0]
    ways = [
        lambda it: yield_guesses.guess_by_paths(it, it.graph, folds, steps=(1,)),
        lambda it: yield_guesses.guess_by_encoder(it, it.graph, folds, steps=3),
        lambda it: yield_guesses.guess_by_table(
            it, {kind: yields.list_path_numbers(it, kind, steps=0) for kind in yields.KINDS}, folds
        ),
    ]
    for guess in ways:
        np.testing.assert_allclose(guess(market)[asked], guess(other)[asked], rtol=1e-5)


def test_a_swapped_graph_has_the_same_shape_and_other_neighbours(market: Market) -> None:
    swapped = yields.swap_entities(market.graph, seed=1)
    one, other = market.graph.to_pandas(), swapped.to_pandas()
    assert one["relation"].value_counts().equals(other["relation"].value_counts())
    assert len(one.merge(other)) < 0.2 * len(one)
    types = market.graph.entities.set_index("entity")["type"]
    for end in ("head", "tail"):
        kinds = [sorted(zip(told["relation"], types[told[end]], strict=True)) for told in (one, other)]
        assert kinds[0] == kinds[1]


def test_floors_are_near_the_readmes_and_paths_come_close_to_the_formula(
    market: Market, results: pd.DataFrame, readme: dict[str, list[float]]
) -> None:
    assert tuple(dict.fromkeys(results["guess"])) == yield_guesses.GUESSES
    measured = yield_guesses.measure_guesses(results).set_index(["guess", "kind"])
    for kind, (alone, near, _, most) in readme.items():
        share = measured["R²"].xs(kind, level="kind")
        assert share["own numbers"] == pytest.approx(alone, abs=0.1)
        assert share["the paths of the formula"] == pytest.approx(near, abs=0.06)
        assert share["the formula itself"] == pytest.approx(most, abs=0.006)
        assert share["own and paths, shuffled"] < alone + 0.1 < share["own and paths"] < most
        error = measured.loc[("own numbers", kind)]
        its = results[(results["guess"] == "own numbers") & (results["kind"] == kind)]
        assert error["RMSE"] == pytest.approx(((its["yield"] - its["guessed"]) ** 2).mean() ** 0.5)
        assert error["n"] == len(market.list_names(kind))
    gain = yield_guesses.measure_gain(results, "own and paths", "own numbers", samples=200)
    difference = measured["R²"]["own and paths"] - measured["R²"]["own numbers"]
    assert gain["gain in R²"].to_dict() == pytest.approx(difference.to_dict())
    assert (gain["low"] < gain["gain in R²"]).all() and (gain["gain in R²"] < gain["high"]).all()


def test_the_small_formula_scores_as_its_parts_of_kgwb_do(market: Market) -> None:
    model = yield_guesses.learn_affine(market, steps=3)
    facts = market.graph.triples[:5].copy()
    width = model.vectors.shape[1]
    encoder, scorer = AffineEncoder(dim=width), RESCAL()
    v, _ = encoder(torch.tensor(model.vectors), torch.zeros(1, 1))  # fresh, it changes nothing
    between = torch.tensor(model.between[facts[:, 1]]).transpose(1, 2).flatten(1)  # vᵀ W v′ is (Wᵀ v)ᵀ v′
    score = scorer.score(v[facts[:, 0]], between, v[facts[:, 2]])
    np.testing.assert_allclose(-torch.nn.functional.logsigmoid(score).detach().numpy(), model.loss(facts), rtol=1e-4)
    shown = finance.list_losses(market, model, facts[:2])
    assert list(shown["cases"]) == list(shown["beside"]) and "持有" in next(iter(shown["cases"]))


def test_leaks_are_shown_and_reasons_cost_what_they_carry(market: Market) -> None:
    leaks = finance.measure_leaks(market, seeds=1).set_index("read")["R²"]
    assert (
        leaks["the formula's columns, hidden holdings read"] > leaks["the formula's columns, hidden holdings left out"]
    )
    assert leaks["and the yields of funds that hold it"] > leaks.iloc[0]
    [row] = finance.permute_paths(market, {"bond": ["rated: spread"]}, seeds=1).to_dict("records")
    assert row["as it is"] < 0.6 < row["taken away"] and row["as it is"] < row["permuted"]
    weights = finance.weigh_number_paths(market, seeds=1, steps=1).loc["bond"].set_index("column")
    assert weights["formula"].sum() == 5 and weights.loc["rated: spread", "taken"] == 1.0
    reason = finance.explain_guess(market, "jiyi_bond_25", steps=1)
    assert reason["adds"].sum() == pytest.approx(market.securities.loc["jiyi_bond_25", "yield"], abs=2)


def test_the_picture_shows_every_way_with_its_range(results: pd.DataFrame) -> None:
    measured = yield_guesses.measure_guesses(results)
    picture = finance.draw_errors(measured, yield_guesses.GUESSES[:-1])
    assert repr(picture).startswith("Picture: RMSE in % a year. fund: mean of the type 2.") and "nan" not in picture.svg
    words = " ".join(ElementTree.fromstring(picture.svg).itertext())
    assert "own and paths, shuffled" in words and "stocks (n = 60)" in words


def test_states_are_means_of_mentions_and_left_out_is_what_was_asked(market: Market) -> None:
    told = kgwb.read_sentences(kgwb.sample("finance_zh"), market.graph)
    kept = market_texts.leave_out(told, market.graph, "rated")
    assert len(kept) == len(told) - 100 + len(market.graph.entities)
    bert = kgwb.load_bert("minilm")
    states = market_texts.read_states(bert, told[:2], market.graph)
    named = {mention.entity for sentence in told[:2] for mention in sentence.mentions}
    assert set(np.flatnonzero(states.abs().sum(axis=1) > 0)) == named
    drawn = pd.DataFrame(np.random.default_rng(0).normal(size=(275, 3)), states.index, list("abc"))
    table = market_texts.compare_market_states(market, drawn, seeds=1)
    assert table.loc["states"].xs("mean", level=1).max() < 0.2
