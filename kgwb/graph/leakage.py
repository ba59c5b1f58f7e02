"""Whether test questions are answered in train already, and which of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.graph.splitting import Split, expect_split
from kgwb.words import count_things

# Below this share a test set asks mostly for what train does not say outright.
_NOTABLE = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class LeakageReport:
    """How many test triples train gives away.

    Attributes:
        frame: one row per kind of leak, with the columns leak, count, share (of the test triples).
        verdict: the same in one line.
        triples: the test triples, int64 [triple, 3], in the order of `split.test`.
        leaky: whether train links the triple's head and tail, in either direction, bool [triple].
    """

    frame: pd.DataFrame
    verdict: str
    triples: np.ndarray
    leaky: np.ndarray

    def __repr__(self) -> str:
        rows = [
            f"  {row.share:.3f}  {row.leak} ({row.count:,})" for row in self.frame.itertuples(index=False, name="Row")
        ]
        return "\n".join([self.verdict, *rows])


def find_leakage(split: Split) -> LeakageReport:
    """Count the test triples whose head and tail train links already.

    Linked means that some train triple joins the two entities, in either direction. A test set whose pairs are
    linked can be answered by turning train triples round, without any geometry (Toutanova & Chen, 2015; Dettmers et
    al., 2018).

    Args:
        split: train and test.

    Returns:
        A report with a data frame, a verdict of one line, and which test triples are leaky. `score_leaks` divides a
        ranking by it.

    Example:
        >>> from kgwb.graph.knowledge_graph import KnowledgeGraph
        >>> facts = [("a", "knows", "b"), ("b", "knows", "a"), ("b", "knows", "c")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> split = Split(graph, graph.triples[:1], graph.triples[:0], graph.triples[1:])
        >>> find_leakage(split).leaky
        array([ True, False])
    """
    expect_split(split, "find_leakage({})")
    head, relation, tail = split.test.T
    train_head, train_relation, train_tail = split.train.T
    entities = len(split.graph.entities)
    train = _pack(train_head, train_relation, train_tail, entities)
    pairs = _pack(train_head, 0, train_tail, entities)
    same_way = np.isin(_pack(head, 0, tail, entities), pairs)
    turned_round = np.isin(_pack(tail, 0, head, entities), pairs)
    leaky = same_way | turned_round
    leaks = {
        "pairs linked in train, in either direction": leaky,
        "pairs linked in train in the same direction": same_way,
        "exact reverse in train: tail, same relation, head": np.isin(_pack(tail, relation, head, entities), train),
        "the very triple in train": np.isin(_pack(head, relation, tail, entities), train),
    }
    counts = [int(leak.sum()) for leak in leaks.values()]
    shares = [count / max(1, len(split.test)) for count in counts]
    frame = pd.DataFrame({"leak": list(leaks), "count": counts, "share": shares})
    return LeakageReport(frame, _judge(split, shares[0], counts[-1]), split.test, leaky)


def _pack(head: np.ndarray, relation: np.ndarray | int, tail: np.ndarray, entities: int) -> np.ndarray:
    """One number for each triple, so that sets of triples can be compared at once."""
    return (relation * entities + head) * entities + tail


def _judge(split: Split, linked: float, repeated: int) -> str:
    name = split.graph.name
    if not len(split.test):
        return f"{name}: no test triples, so nothing can leak."
    verdict = f"{name}: train links {linked:.1%} of the test pairs"
    if linked < _NOTABLE:
        verdict += ", so ranks on test show what was generalised."
    else:
        verdict += "; a rule that turns train triples round answers part of test, so compare with it."
    word_for_word = f" {count_things(repeated, 'test triple')} in train word for word."
    return verdict + (word_for_word if repeated else "")
