"""Sample graphs are found from anywhere, in a checkout and beside an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

import kgwb
from kgwb import environment

NAMES = ("archipelago", "finance_zh", "medicine", "shop", "world")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_read_from_wherever_one_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    graph = kgwb.read_graph(kgwb.sample(name))
    assert len(graph) > 200
    assert kgwb.read_sentences(kgwb.sample(name), graph)


def test_every_sample_of_the_checkout_is_named(repository: Path) -> None:
    assert {each.parent.name for each in (repository / "sample_graphs").glob("*/triples.tsv")} == set(NAMES)
    assert kgwb.sample("org_chart.csv").is_file()


@pytest.mark.parametrize("name", ["wrold", "../world", "/etc", "world/"])
def test_an_unknown_sample_lists_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"'archipelago', 'finance_zh', 'medicine', 'org_chart\.csv', 'shop', 'world'"):
        kgwb.sample(name)


def test_a_wheel_holds_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "kgwb"
    inside = package / "sample_graphs" / "tiny"
    inside.mkdir(parents=True)
    (inside / "triples.tsv").write_text("a\tr\tb\n", encoding="utf-8")
    monkeypatch.setattr(environment, "__file__", str(package / "environment.py"))
    monkeypatch.chdir(tmp_path)
    assert kgwb.sample("tiny") == inside


def test_without_any_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "kgwb" / "environment.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"No sample graphs came with this kgwb\. Install it anew"):
        kgwb.sample("world")
