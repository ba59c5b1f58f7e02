"""Where the sample graphs lie, in a checkout and in an installed kgwb alike."""

from __future__ import annotations

from pathlib import Path

from kgwb.checks import expect_choice, expect_text
from kgwb.environment import find_sample_graphs


def sample(name: str) -> Path:
    """The folder of a sample graph, or a sample file, from wherever a notebook lies.

    Args:
        name: "archipelago", "world", "medicine", "finance_zh", "shop", or "org_chart.csv".

    Returns:
        A path for `kgwb.read_graph` and `kgwb.read_sentences`.

    Raises:
        ValueError: there is no such sample; lists those there are.
        FileNotFoundError: no samples came with this kgwb.

    Example:
        >>> from kgwb import read_graph
        >>> len(read_graph(sample("medicine")))
        1334
    """
    expect_text("name", name, usual="world")
    folder = find_sample_graphs()
    if folder is None:
        raise FileNotFoundError(
            "No sample graphs came with this kgwb. Install it anew, or start in a checkout: cd path/to/kgwb."
        )
    graphs = [each.parent.name for each in folder.glob("*/triples.tsv")]
    expect_choice("name", name, sorted([*graphs, *(each.name for each in folder.glob("*.csv"))]))
    return folder / name
