"""The yields of the invented market are made as its README says."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from finance_numbers import FOLDER as FOLDER
from finance_numbers import read_numbers

OWN = {
    "stock": ["volatility", "log_size"],
    "bond": ["volatility", "log_size", "coupon", "term"],
    "fund": ["volatility", "log_size", "fee"],
}
NEAR = {
    "stock": ["industry_growth", "supplier_volatility"],
    "bond": ["rating_spread", "guaranteed", "issuer_volatility"],
    "fund": ["holdings_yield", "manager_experience"],
}
KNOWING = ["attributes alone", "and true relations", "and shuffled relations"]


@pytest.fixture(scope="module")
def numbers(entities) -> pd.DataFrame:
    return read_numbers(entities)


def find_features(kind: str, numbers: pd.DataFrame, triples: pd.DataFrame, yields: pd.Series) -> pd.DataFrame:
    """An entity's own numbers and those of its neighbours; of yields, the given ones only."""
    told = dict(iter(triples.groupby("relation")))
    securities = numbers[numbers["type"] == kind].copy()
    if kind == "fund":
        held = told["holds"].assign(value=yields.reindex(told["holds"]["tail"]).to_numpy())
        securities["holdings_yield"] = held.groupby("head")["value"].mean()
        manager = told["managed_by"].set_index("head")["tail"]
        securities["manager_experience"] = numbers["experience"][manager[securities.index]].to_numpy()
        return securities
    issuer = told["issues"].set_index("tail")["head"][securities.index].to_numpy()
    if kind == "stock":
        supplier = told["supplies"].assign(value=numbers["volatility"][told["supplies"]["head"]].to_numpy())
        industry = told["in_industry"].set_index("head")["tail"][issuer]
        securities["industry_growth"] = numbers["growth"][industry].to_numpy()
        securities["supplier_volatility"] = supplier.groupby("tail")["value"].mean()[issuer].to_numpy()
        return securities
    rating = told["rated"].set_index("head")["tail"][securities.index]
    securities["rating_spread"] = numbers["spread"][rating].to_numpy()
    securities["guaranteed"] = securities.index.isin(told["guaranteed_by"]["head"]).astype(float)
    securities["issuer_volatility"] = numbers["volatility"][issuer].to_numpy()
    return securities


def read_formula(readme: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Per type: the term, its weight and its centre; and the constant and the noise."""
    rows = re.findall(r"^\| (stock|bond|fund) \| `?(\w+)`? \| (−?[\d.]+) \| ([\d.]*) ?\|$", readme, re.MULTILINE)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for kind, term, weight, centre in rows:
        found.setdefault(kind, {})[term] = (float(weight.replace("−", "-")), float(centre or 0))
    return found


def share_explained(kind: pd.Series, true: pd.Series, guess: pd.Series) -> dict[str, float]:
    """R² within each type, and of all together around the means of their types."""
    missed, spread = (true - guess) ** 2, (true - true.groupby(kind).transform("mean")) ** 2
    shares = 1 - missed.groupby(kind).sum() / spread.groupby(kind).sum()
    return {**shares.to_dict(), "together": 1 - missed.sum() / spread.sum()}


def read_shares(readme: str) -> dict[str, list[float]]:
    """The table of R²: per type, attributes alone, with relations, with shuffled ones, the formula."""
    rows = re.findall(r"^\| (stock|bond|fund|together) \|((?: −?\d\.\d\d \|){4})$", readme, re.MULTILINE)
    return {kind: [float(cell.replace("−", "-")) for cell in cells.split("|")[:-1]] for kind, cells in rows}


def test_the_formula_of_the_readme_made_the_yields(readme, numbers, triples):
    formula, guesses = read_formula(readme), []
    assert {kind: set(terms) for kind, terms in formula.items()} == {
        "stock": {"constant", "noise", "volatility", "log_size", *NEAR["stock"]},
        "bond": {"constant", "noise", "coupon", "term", *NEAR["bond"]},
        "fund": {"constant", "noise", "fee", *NEAR["fund"]},
    }
    for kind, terms in formula.items():
        found = find_features(kind, numbers, triples, numbers["yield"])
        (constant, _), (noise, _) = terms.pop("constant"), terms.pop("noise")
        guess = constant + sum(weight * (found[term] - centre) for term, (weight, centre) in terms.items())
        rest = found["yield"] - guess
        assert abs(rest.mean()) < 3 * noise / np.sqrt(len(rest)), kind
        assert 0.75 < rest.std() / noise < 1.25, kind
        # Nothing else in the table would have told more: what is left has to do with no number nearby.
        assert abs(found[[*OWN[kind], *NEAR[kind]]].corrwith(rest)).max() < 0.45, kind
        guesses.append(guess)
    stated = read_shares(readme)
    shares = share_explained(numbers["type"][pd.concat(guesses).index], *_align(numbers["yield"], pd.concat(guesses)))
    assert {kind: f"{share:.2f}" for kind, share in shares.items()} == {k: f"{v[3]:.2f}" for k, v in stated.items()}


def _align(true: pd.Series, guess: pd.Series) -> tuple[pd.Series, pd.Series]:
    return true[guess.index], guess


def shuffle_relations(triples: pd.DataFrame, numbers: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Every relation with its ends dealt anew, so that as many facts say nothing."""
    shuffled = triples.copy()
    for relation, told in triples.groupby("relation"):
        end = "head" if relation == "issues" else "tail"
        shuffled.loc[told.index, end] = generator.permutation(told[end])
        if relation == "guaranteed_by":
            bonds = numbers.index[numbers["type"] == "bond"]
            shuffled.loc[told.index, "head"] = generator.choice(bonds, len(told), replace=False)
    return shuffled


def guess_hidden_yields(
    numbers: pd.DataFrame, triples: pd.DataFrame, columns: Callable[[str], list[str]], seed: int
) -> pd.Series:
    """Each fifth of the yields guessed by ridge regression from the other four; nobody sees a hidden neighbour's yield."""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = numbers.index[numbers["yield"].notna()]
    guess = pd.Series(np.nan, index=known)
    for seen, hidden in KFold(5, shuffle=True, random_state=seed).split(known):
        visible = numbers["yield"][known[seen]]
        for kind in OWN:
            found = find_features(kind, numbers, triples, visible)[columns(kind)]
            train, test = found.index.intersection(known[seen]), found.index.intersection(known[hidden])
            ridge = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(found.loc[train], visible[train])
            guess[test] = ridge.predict(found.loc[test])
    return guess


def measure_shares(numbers: pd.DataFrame, triples: pd.DataFrame, *, seeds: int = 5) -> pd.DataFrame:
    """R² of hidden yields, the mean over seeds: by type, and by what is known."""
    rows = []
    for seed in range(seeds):
        shuffled = shuffle_relations(triples, numbers, np.random.default_rng(seed))
        tried = [
            (triples, lambda kind: OWN[kind]),
            (triples, lambda kind: OWN[kind] + NEAR[kind]),
            (shuffled, lambda kind: OWN[kind] + NEAR[kind]),
        ]
        for known, (graph, columns) in zip(KNOWING, tried, strict=True):
            guess = guess_hidden_yields(numbers, graph, columns, seed)
            true, guess = _align(numbers["yield"], guess)
            rows.append({"known": known, **share_explained(numbers["type"][guess.index], true, guess)})
    return pd.DataFrame(rows).groupby("known").mean().loc[KNOWING]


def test_the_readme_states_what_attributes_and_relations_explain(readme, numbers, triples):
    pytest.importorskip("sklearn")
    shares, stated = measure_shares(numbers, triples), read_shares(readme)
    assert set(stated) == {*OWN, "together"}
    for kind, cells in stated.items():
        assert shares[kind].to_list() == pytest.approx(cells[:3], abs=0.011), kind
        alone, true, shuffled, most = cells
        assert alone + 0.2 < true < most and shuffled < alone + 0.02
