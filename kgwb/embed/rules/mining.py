"""Rules mined from train within minutes: rules about entities first, then paths, the short ones first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from kgwb.checks import expect_at_least, expect_flags, expect_number, expect_seed
from kgwb.citation import note_machine
from kgwb.embed.queries import mark_entities
from kgwb.embed.ranking.answers import find_asked_steps
from kgwb.embed.rules.answering import RuleSet
from kgwb.embed.rules.candidates import Neighbours, sample_paths
from kgwb.embed.rules.constants import ConstantRules, mine_fans, skip_fans
from kgwb.embed.rules.judging import PathRules, join_rules, judge_paths, keep_trusted
from kgwb.embed.rules.promising import rank_by_promise
from kgwb.embed.rules.rule_ranker import RuleRanker
from kgwb.embed.rules.validating import ask_both_sides
from kgwb.embed.rules.walking import Walker
from kgwb.graph.building import Notes
from kgwb.graph.joins import Steps
from kgwb.graph.splitting import Split, expect_split

LONGEST = 5
TOPS = (5, 1, 2, 10)  # how many rules may be added up; the first where there is nothing to choose by
_VALIDATED = 2_000  # so many valid triples decide, if there is time: of 400, the number that was best was so by chance
_AT_ONCE = 250  # of them are ranked before the clock is looked at
_SHARE = 0.8  # of the minutes, for mining; the rest is for choosing


def mine_rules(
    split: Split,
    *,
    minutes: int | float = 2,
    longest: int = 3,
    min_support: int = 2,
    constants: bool = True,
    top: int | None = None,
    seed: int = 0,
) -> RuleRanker:
    """Mine rules that answer queries, and that can be ranked as vectors are.

    path      s₁(x, z), s₂(z, w), …, sₙ(·, y) ⇒ r(x, y), each step a relation in either direction
    constant  s(x, d) ⇒ r(x, c) for certain entities c and d; dangling: s(x, ·) ⇒ r(x, c); frequent: r(x, c)
    trust = support ÷ (cases + 5), where cases are the pairs (or entities x) that fulfil the body, and support those of
    them that fulfil the head too; dangling rules count a hundredth of it, frequent answers a tenth.
    score(answer) = Σ −log(1 − trust) over the `top` most trusted rules that give it: a noisy-or. The next five decide
    between equals (Meilicke et al., 2019: AnyBURL; Betz et al., 2024: PyClause), and where these are equal, too, how likely
    it is that an entity with as many facts of the relation takes one more (`fit_cardinality`).

    Different letters are different entities, and facts from an entity to itself are left out. Paths of up to three
    steps are judged exactly so; longer ones may meet an entity twice from their fourth step on, but not x. Paths are
    sought between the ends of sampled triples and judged by all of train, first those that link many of the triples by few
    walks. As long as the time is enough, the result depends on the seed alone; what there was no time for is counted in
    the repr, and so are the least trusted rules, where a relation has more than 3,000 or all of them fire too often.

    Args:
        split: rules are mined from train, and `top` is chosen on valid; test is not looked at.
        minutes: when to stop.
        longest: the most steps of a path, 1 to 5.
        min_support: how often a rule must come true.
        constants: whether to mine rules about certain entities.
        top: how many rules are added up; None chooses among 1, 2, 5 and 10 by the filtered MRR of up to 2,000 triples of
            valid, and takes 5 where it is empty.
        seed: of the triples that paths are sought between.

    Returns:
        Something for `rank_triples`, which also says why.

    Raises:
        TypeError: `split` is no split.
        ValueError: an argument out of its range.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed import rank_triples
        >>> from kgwb.graph.knowledge_graph import KnowledgeGraph
        >>> facts = [(f"house {i}", "beside", f"house {(i + step) % 8}") for i in range(8) for step in (1, 7)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> split = Split(graph, graph.triples[1:], graph.triples[:0], graph.triples[:1])
        >>> rules = mine_rules(split, longest=1, constants=False)
        >>> rank_triples(rules, split.test, known=split.known).hits(1)
        1.0
    """
    begun = time.monotonic()
    expect_split(split, "mine_rules({})")
    expect_number("minutes", minutes, usual=2, above=0)
    expect_number("longest", longest, usual=3, least=1, below=LONGEST + 1, whole=True)
    expect_at_least("min_support", min_support, 1, whole=True)
    expect_flags(constants=constants)
    if top is not None:
        expect_at_least("top", top, 1, whole=True)
    seed = expect_seed(seed)
    graph = split.graph
    triples = split.train[split.train[:, 0] != split.train[:, 2]]
    triples = triples[np.lexsort(triples.T)]  # the order in which they came changes nothing
    steps = Steps.of(triples, entities=len(graph.entities), relations=len(graph.relations))
    walker = Walker(steps)
    until = begun + 60 * _SHARE * minutes
    fans = mine_fans(walker, least=min_support, until=until) if constants else skip_fans(walker)
    paths, notes = _mine_paths(walker, triples, longest, min_support, seed, until)
    settings = {"minutes": minutes, "longest": longest, "min_support": min_support, "constants": constants}
    ranker = RuleRanker(
        graph=graph,
        rules=RuleSet(walker, paths, fans, frequent=constants),
        top=TOPS[0] if top is None else int(top),
        trained_on=mark_entities(split.train, len(graph.entities)),
        trained_facts=split.train,
        notes=(("facts from an entity to itself left out", len(split.train) - len(triples)), *_note(fans), *notes),
        settings=settings | {"seed": seed},
        chosen="as asked" if top is not None else "as usual",
        made=note_machine(),
    )
    return ranker if top is not None else _choose_top(ranker, split, begun + 60 * minutes, seed)


def _note(fans: ConstantRules) -> Notes:
    return (
        ("entities of a relation about which there was no time to mine rules", fans.unjudged),
        ("rules about entities left out for want of memory, those of least support", fans.dropped),
    )


def _mine_paths(
    walker: Walker, triples: np.ndarray, longest: int, least: int, seed: int, until: int | float
) -> tuple[PathRules, Notes]:
    """Path rules, and what was not looked at."""
    found: list[PathRules] = []
    notes: list[tuple[str, int]] = []
    neighbours = Neighbours.of(walker.steps)
    for length in range(1, longest + 1):
        if time.monotonic() > until:
            notes.append((f"triples between which there was no time to seek paths of {length} steps", len(triples)))
            continue
        candidates = sample_paths(walker.steps, neighbours, triples, length=length, least=least, seed=seed)
        paths, walks = rank_by_promise(walker, candidates)
        judged, done = judge_paths(walker, neighbours, paths, walks, least=least, until=until)
        found += judged
        several = f"{length} step{'s' if length > 1 else ''}"
        notes += [
            (f"triples between which paths of {several} were not sought", len(triples) - candidates.sampled),
            (f"rarer paths of {several} left out", candidates.dropped),
            (f"paths of {several} that there was no time to judge", len(paths) - done),
        ]
    rules, dropped = keep_trusted(join_rules(found, longest))
    return rules, (*notes, ("path rules left out, the least trusted of their relation", dropped))


def _choose_top(ranker: RuleRanker, split: Split, until: int | float, seed: int) -> RuleRanker:
    """The ranker with the number of rules that is best on valid, filtered by train and valid alone."""
    if not len(split.valid):
        return ranker
    asked = split.valid[np.random.default_rng(seed).permutation(len(split.valid))[:_VALIDATED]]
    known, relations = np.concatenate([split.train, split.valid]), len(split.graph.relations)
    sums, done = np.zeros(len(TOPS)), 0
    for part in _while_time(asked, until):
        for block in ask_both_sides(part, known, len(split.graph.entities)):
            step = find_asked_steps(block.relation, block.tails, relations)
            for place, scores in enumerate(ranker.rules.score_tops(block.known.numpy(), step, TOPS)):
                sums[place] += (1 / block.rank(torch.from_numpy(scores))).sum()
        done += len(part)
    found = dict(zip(TOPS, sums / (2 * done), strict=True))
    best = max(found, key=lambda top: found[top])
    said = ", ".join(f"{top}: {found[top]:.3f}" for top in sorted(found))
    return replace(ranker, top=best, chosen=f"by MRR of {done:,} valid triples ({said})")


def _while_time(asked: np.ndarray, until: int | float) -> Iterator[np.ndarray]:
    """Some triples after others, while more of them fit into the time."""
    for first in range(0, len(asked), _AT_ONCE):
        begun = time.monotonic()
        yield asked[first : first + _AT_ONCE]
        if 2 * time.monotonic() - begun > until:
            return
