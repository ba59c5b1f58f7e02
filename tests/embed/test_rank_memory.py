"""Ranking streams: its memory grows neither with the triples nor with triples × entities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kgwb

ENTITIES, TRIPLES = 40_000, 20_000
SCRIPT = f"""
import json, re
import numpy as np, pandas as pd
from pathlib import Path
from kgwb.embed import DistMult, GraphEmbedding, rank_triples
from kgwb.graph import KnowledgeGraph

def peak():
    # the process's own high-water mark; resource.getrusage would start at that of the process which started this one
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

random = np.random.default_rng(0)
triples = random.integers(0, [{ENTITIES}, 50, {ENTITIES}], (5 * {TRIPLES}, 3))
triples[::2, 1:] = 0  # one question with very many answers
entities = pd.DataFrame({{"entity": [f"e{{i}}" for i in range({ENTITIES})]}})
entities = entities.assign(label=entities.entity, type="", description="", aliases=[()] * {ENTITIES})
relations = pd.DataFrame({{"relation": [f"r{{i}}" for i in range(50)], "label": "", "description": ""}})
embedding = GraphEmbedding(KnowledgeGraph(triples, entities, relations), DistMult(), dim=8)
before = peak()
report = rank_triples(embedding, triples[:{TRIPLES}], known=triples, outranked_by=3)
print(json.dumps([before, peak(), len(report.ranks), report.mrr]))
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="a process's peak is read from /proc, as Linux has it"
)
def test_40k_entities_by_20k_triples_stay_within_a_gigabyte() -> None:
    """All scores at once would take 6.4 GB."""
    root = Path(kgwb.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    before, after, ranks, mrr = json.loads(done.stdout)
    assert ranks == 2 * TRIPLES and 0 < mrr < 0.01
    assert after < 1e9
    assert after - before < 150e6  # ids, questions and one block of scores
