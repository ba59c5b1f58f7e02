"""Facts to learn from and facts to be asked about: a graph split at random, and how much a split gives away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.checks import expect_id_rows, expect_kind, expect_seed, is_number
from kgwb.citation import NOT_RECORDED
from kgwb.graph.building import Notes, cut_blocks, freeze, sum_notes
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content, expect_graph
from kgwb.words import count_things, quote_value

# Below this share a test set asks mostly for what train does not say outright.
_NOTABLE = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A graph whose triples are divided into train, valid and test.

    Attributes:
        graph: all entities, relations and triples.
        train, valid, test: int64 [triple, 3], ids of that graph, sorted.
        notes: what could not be done as asked, counted.
        seed: of the draw; None where it was not drawn here, or that was not recorded.
    """

    graph: KnowledgeGraph
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    notes: Notes = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        call = "split_triples(graph), or read_split(folder)"
        expect_kind(self.graph, KnowledgeGraph, "A graph", call=call)
        for part in ("train", "valid", "test"):
            expect_id_rows(part, getattr(self, part), call=call)
        expect_kind(self.notes, tuple, "A tuple of notes", call=call)
        if self.seed is not None:
            expect_seed(self.seed)

    @cached_property
    def known(self) -> np.ndarray:
        """All three parts one after the other, int64 [triple, 3]: what filtered ranking leaves out."""
        return np.concatenate([self.train, self.valid, self.test])

    @cached_property
    def unseen_entities(self) -> np.ndarray:
        """The ids of entities that stand in valid or test and in no train triple, int64 [entity], sorted."""
        held_out = np.concatenate([self.valid, self.test])
        return np.setdiff1d(held_out[:, (0, 2)], self.train[:, (0, 2)])  # [triple, 2] → [entity]

    @cached_property
    def unseen_relations(self) -> np.ndarray:
        """The ids of relations that stand in valid or test and in no train triple, int64 [relation], sorted."""
        held_out = np.concatenate([self.valid, self.test])
        return np.setdiff1d(held_out[:, 1], self.train[:, 1])

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        parts = {part: spell_triples(getattr(self, part)) for part in ("train", "valid", "test")}
        seed = NOT_RECORDED if self.seed is None else str(self.seed)
        run = f"a split of the knowledge graph {self.graph.name!r} into train, valid and test"
        return {"run": run, "graph": describe_content(self.graph), **parts, "seed of the split": seed}

    def __repr__(self) -> str:
        counts = f"{len(self.train):,} train, {len(self.valid):,} valid, {len(self.test):,} test"
        kinds = ((len(self.unseen_entities), "entity"), (len(self.unseen_relations), "relation"))
        unseen = [f"  unseen in train: {count_things(count, kind)}" for count, kind in kinds if count]
        if len(self.unseen_entities):
            touched = int(np.isin(self.test[:, (0, 2)], self.unseen_entities).any(axis=1).sum())
            unseen[0] += f", in {count_things(touched, 'test triple')}, all kept"
        notes = [f"  {count:,} {what}" for what, count in self.notes]
        notes += [f"  counted while reading: {count:,} {what}" for what, count in self.graph.notes]
        return "\n".join([f"Split of {self.graph.name!r}: {counts} triples", *unseen, *notes])


def split_triples(graph: KnowledgeGraph, valid: float | int = 0.1, test: float | int = 0.1, *, seed: int = 0) -> Split:
    """Divide a graph's triples at random so that no entity or relation is unseen in train.

    Args:
        graph: the graph.
        valid: the share of triples to put into valid, from 0 to 1.
        test: the share to put into test; both together less than 1.
        seed: the same seed gives the same split.

    Returns:
        The split. Where too many triples are the only one of an entity or relation, valid and test stay smaller than
        asked, in proportion, and the split's notes say by how much; so they do where a share of so few is no triple.

    Example:
        >>> facts = pd.DataFrame({"head": ["a", "b", "a"], "relation": ["r", "r", "r"], "tail": ["b", "a", "a"]})
        >>> split_triples(KnowledgeGraph.from_pandas(facts), valid=0, test=0.34)
        Split of 'graph': 2 train, 0 valid, 1 test triples
    """
    expect_graph(graph, "split_triples({})")
    seed = expect_seed(seed)
    shares: tuple[object, ...] = (valid, test)
    numbers = all(is_number(share) and 0 <= share < 1 for share in shares)
    if not (numbers and valid + test < 1):
        raise ValueError(
            f"valid came as {quote_value(valid)} and test as {quote_value(test)}. "
            "Expected shares from 0 to 1, together less than 1, "
            "for example split_triples(graph, valid=0.1, test=0.1)."
        )
    count = len(graph.triples)
    asked_valid, asked_test = round(valid * count), round(test * count)
    order = np.random.default_rng(seed).permutation(count)
    spare = _find_spare(graph.triples, order, asked_valid + asked_test)
    got_valid = round(asked_valid * len(spare) / max(1, asked_valid + asked_test))
    parts = np.zeros(count, dtype=np.int8)
    parts[spare[:got_valid]], parts[spare[got_valid:]] = 1, 2
    missing = (
        (f"of the {asked_valid:,} valid triples asked for could not be taken", asked_valid - got_valid),
        (f"of the {asked_test:,} test triples asked for could not be taken", asked_test - (len(spare) - got_valid)),
    )
    reason = ": every triple left in train is the only one of an entity or a relation"
    notes = sum_notes(tuple((what + reason, lacking) for what, lacking in missing), _note_few(count, valid, test))
    train_part, valid_part, test_part = (freeze(graph.triples[parts == part]) for part in range(3))
    return Split(graph, train_part, valid_part, test_part, notes, seed)


def _note_few(count: int, valid: float | int, test: float | int) -> Notes:
    """What to say of a share that is less than half a triple."""
    rounded = [
        f"{part}={share:g}" for part, share in (("valid", valid), ("test", test)) if share and not round(share * count)
    ]
    part = rounded[-1].partition("=")[0] if rounded else ""
    mend = "give it more facts" if count < 2 else f"type {part}={(50 // count + 1) / 100:g}, or give it more facts"
    fewness = f"{'triple is' if count == 1 else 'triples are'} too few for {' and '.join(rounded)}, which hold out none"
    return ((f"{fewness}; {mend}", count),) if rounded else ()


def spell_triples(triples: np.ndarray) -> str:
    """How many triples, and the SHA-256 of their ids, whatever their order.

    Example:
        >>> spell_triples(np.array([[0, 0, 1], [1, 0, 0]])) == spell_triples(np.array([[1, 0, 0], [0, 0, 1]]))
        True
    """
    ordered = np.ascontiguousarray(triples[np.lexsort(triples.T[::-1])], dtype="<i8")
    return f"{count_things(len(triples), 'triple')}, SHA-256 of their ids {hashlib.sha256(ordered.data).hexdigest()}"


@dataclass(frozen=True, eq=False, repr=False)
class LeakageReport:
    """How many test triples train gives away.

    Attributes:
        frame: one row per kind of leak, with the columns leak, count, share (of the part that leaks: test or valid).
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
    repeated = {
        "the very triple in valid": _find_among(split.test, split.valid, entities),
        "test triples that stand in test before": _find_repeated(split.test, entities),
        "valid triples in train": _find_among(split.valid, split.train, entities),
        "valid triples that stand in valid before": _find_repeated(split.valid, entities),
    }
    leaks |= {what: found for what, found in repeated.items() if found.any()}
    counts = [int(leak.sum()) for leak in leaks.values()]
    shares = [count / max(1, len(leak)) for count, leak in zip(counts, leaks.values(), strict=True)]
    frame = pd.DataFrame({"leak": list(leaks), "count": counts, "share": shares})
    verdict = _judge(split, shares[0], counts[3])
    further = [f" {count:,} {what}." for what, count in zip(leaks, counts, strict=True) if what in repeated]
    return LeakageReport(
        frame, verdict + "".join(further).replace("the very triple", "test triples"), split.test, leaky
    )


def _find_among(some: np.ndarray, others: np.ndarray, entities: int) -> np.ndarray:  # [triple, 3] → [triple]
    return np.isin(_pack_rows(some, entities), _pack_rows(others, entities))


def _find_repeated(triples: np.ndarray, entities: int) -> np.ndarray:  # [triple, 3] → [triple]
    repeated = np.ones(len(triples), dtype=bool)
    repeated[np.unique(_pack_rows(triples, entities), return_index=True)[1]] = False
    return repeated


def _pack_rows(triples: np.ndarray, entities: int) -> np.ndarray:  # [triple, 3] → [triple]
    return _pack(triples[:, 0], triples[:, 1], triples[:, 2], entities)


def _find_spare(triples: np.ndarray, order: np.ndarray, wanted: int) -> np.ndarray:
    """The first `wanted` triples, in this order, that can leave without their entities or relation going too."""
    loops = triples[:, 0] == triples[:, 2]
    entities = np.bincount(np.concatenate([triples[:, 0], triples[~loops, 2]])).tolist()
    relations = np.bincount(triples[:, 1]).tolist()
    spare: list[int] = []
    for some in cut_blocks(order):
        for row, (head, relation, tail) in zip(some.tolist(), triples[some].tolist(), strict=True):
            if len(spare) == wanted:
                return np.array(spare, dtype=np.int64)
            if entities[head] > 1 and entities[tail] > 1 and relations[relation] > 1:
                spare.append(row)
                for entity in {head, tail}:
                    entities[entity] -= 1
                relations[relation] -= 1
    return np.array(spare, dtype=np.int64)


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


def expect_split(split: object, call: str) -> None:
    """A split, for functions that are easily given a graph.

    Args:
        split: what came.
        call: what to type, with {} in the split's place.

    Raises:
        TypeError: it is none; says what to type.
    """
    expect_kind(split, Split, "A split", call=call.format("split_triples(graph)"))


def expect_source(source: object) -> None:
    """A split or a graph.

    Raises:
        TypeError: it is neither.
    """
    expect_kind(source, (Split, KnowledgeGraph), "A split or a graph", call="split_triples(graph)")
