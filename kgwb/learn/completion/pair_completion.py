"""Completing a graph by pairs: a query and one answer are read together by BERT, and a head says how well they fit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert import Bert, Encoding
from kgwb.bert.task_head import TaskHead, expect_head_name
from kgwb.checks import expect_at_least, expect_kind, expect_seed
from kgwb.embed.precision import widen_numbers
from kgwb.embed.ranking.answers import Ranker, expect_ranker
from kgwb.fingerprints import fingerprint
from kgwb.graph import KnowledgeGraph, Split
from kgwb.graph.joins import Steps
from kgwb.learn.completion.entity_texts import EntityTexts, cut_entity_texts, find_facts, sweep_texts
from kgwb.learn.completion.first_answers import FirstAnswers
from kgwb.learn.completion.text_completion import LONGEST, draw_triples
from kgwb.learn.tasks import Task
from kgwb.words import count_things

KIND, NAME = "pair completion", "pair_completion"
_CALL = "kgwb.learn.PairCompletion({}, ranker)"
_log = logging.getLogger("kgwb.learn")


@dataclass(frozen=True, repr=False, eq=False)
class PairCompletion(Task):
    """Tell the answer of a query from wrong ones that a ranker finds likely: a cross-encoder.

    A pair reads "head label: description [SEP] relation", then as BERT's second segment "tail label: description", so
    that every word of the one sees every word of the other. With u and v the means of BERT's last layer over the words of
    either text, of length one, and d its width, the pair's logit is

        s = w·(d u ⊙ v) + β

    (the product as in Reimers & Gurevych, 2019, "Sentence-BERT"), and the loss of a query q with the right answer a is

        −log exp s(q, a) / (exp s(q, a) + Σ_b exp s(q, b))

    over wrong answers b (Nogueira & Cho, 2019, "Passage re-ranking with BERT"; Yao et al., 2019, "KG-BERT"). Each
    example is a fact asked one way; its wrong answers are drawn anew each time, evenly among the first `top` that the
    ranker gives and train does not hold. Evenly, because some of them are true, though train does not know it: the very
    first ones most often, which would then be learnt to be wrong. The head is kept in `model.heads`, starts from zero
    and is saved with the model. One step reads batch × (1 + negatives) pairs.

    Args:
        split: a split, whose train triples are learnt, or a graph, whose triples all are.
        ranker: whose first answers are told apart: a `TextRanker`, an embedding, whatever can be ranked.
        negatives: how many wrong answers stand against the right one.
        top: among how many of the ranker's first answers they are drawn; as many as are to be ranked anew.
        longest: the most word pieces of an entity that are read.
        examples: how many questions one epoch holds, drawn without repeats as long as there are others; by default
            every fact once both ways.
        seed: for which questions and which wrong answers are drawn.
        name: of the head.

    Raises:
        TypeError: for what is neither a split nor a graph, or cannot be ranked.
        ValueError: if there are no triples, the ranker is of another graph, or for numbers that cannot be.

    Example:
        >>> import kgwb, pandas as pd
        >>> facts = [("Berlin", "capital of", "Germany"), ("Paris", "capital of", "France"), ("Rome", "capital of", "Italy")]
        >>> graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> bert = kgwb.load_bert()
        >>> task = PairCompletion(graph, kgwb.learn.TextRanker(bert, graph), top=3)
        >>> [step.task for step in kgwb.tune(bert, task, policy="full", epochs=2)]
        ['PairCompletion', 'PairCompletion']
        >>> list(bert.heads)
        ['pair_completion']
    """

    split: Split | KnowledgeGraph
    ranker: Ranker
    negatives: int = field(default=3, kw_only=True)
    top: int = field(default=20, kw_only=True)
    longest: int = field(default=LONGEST, kw_only=True)
    examples: int | None = field(default=None, kw_only=True)
    seed: int = field(default=0, kw_only=True)
    name: str = field(default=NAME, kw_only=True)

    def __post_init__(self) -> None:
        graph, triples = find_facts(self.split, _CALL)
        expect_ranker(self.ranker, _CALL.format("split"))
        if self.ranker.graph.fingerprint != graph.fingerprint:
            raise ValueError(
                f"The ranker is of {self.ranker.graph.name!r}, whose ids are not those of {graph.name!r}. Type "
                "kgwb.learn.PairCompletion(split, kgwb.learn.TextRanker(bert, split))."
            )
        if not len(triples):
            raise ValueError(
                f"{graph.name!r} has no triples to learn from. Type "
                "kgwb.learn.PairCompletion(kgwb.split_triples(graph), ranker)."
            )
        expect_at_least("top", self.top, 2, whole=True)
        expect_at_least("negatives", self.negatives, 1, whole=True)
        if self.negatives > self.top:
            raise ValueError(
                f"negatives={self.negatives} came, to be drawn among the first top={self.top}. Type "
                f"negatives={self.top}, or top={self.negatives}."
            )
        expect_at_least("longest", self.longest, 1, whole=True)
        if self.examples is not None:
            expect_at_least("examples", self.examples, 1, whole=True)
        object.__setattr__(self, "seed", expect_seed(self.seed))
        expect_head_name(self.name)

    def prepare(self, bert: Bert) -> PairExamples:
        """Cut the texts into word pieces and ask the ranker, once; make the head, where the model has none yet.

        Raises:
            ValueError: the graph has no labels that could be read, the ranker tells no wrong answers apart, or the model
                has a head of this name that is for something else.
        """
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        graph, triples = find_facts(self.split, _CALL)
        texts = cut_entity_texts(bert, graph, longest=int(self.longest), together=2)
        steps = Steps.of(triples, entities=len(graph.entities), relations=len(graph.relations))
        questions = draw_triples(_ask_both_ways(triples, len(graph.relations)), self.examples, self.seed)
        queries, place = np.unique(questions[:, :2], axis=0, return_inverse=True)  # by step
        pool = FirstAnswers(self.ranker, steps, int(self.top)).find_all(queries[:, 1], queries[:, 0])[place]
        asked = np.flatnonzero((pool >= 0).any(1))  # [question]
        left_out = len(questions) - len(asked)
        if not len(asked):
            raise ValueError(
                f"The first {self.top} answers of the ranker hold no wrong one: it gives all the same score, or train holds "
                "them all. Train it first, or type a lower top: kgwb.learn.PairCompletion(split, ranker, top=5)."
            )
        if left_out:
            _log.info(
                "%s of %s: left out, for their first answers hold no wrong one",
                f"{left_out:,}",
                count_things(len(questions), "question"),
            )
        head = self._find_head(bert)
        return PairExamples(self, head, texts, questions[asked], pool[asked], left_out)

    def _find_head(self, bert: Bert) -> TaskHead:
        if self.name not in bert.heads:
            head = TaskHead(KIND, ["fits"], bert.words.embedding_dim, {"longest": int(self.longest)})
            bert.heads[self.name] = head.to(bert.device).train(bert.training)
        return expect_pair_head(bert, self.name, longest=int(self.longest))

    def __repr__(self) -> str:
        graph, triples = find_facts(self.split, _CALL)
        texts = [triples.tolist(), graph.labels, graph.entities["description"].tolist(), graph.relation_labels]
        given = fingerprint([texts, fingerprint(self.ranker)])
        names = [each.name for each in fields(self) if each.name not in ("split", "ranker")]
        options = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"PairCompletion({count_things(len(triples), 'triple')} {given[:12]}, {options})"


class PairExamples(nn.Module):
    """Questions with their right answers and the ranker's first wrong ones, and the head that tells them apart.

    Args:
        task: its options.
        head: the model's.
        texts: of the entities and relations.
        questions: (step, known entity, right answer), [question, 3].
        pool: wrong answers that may be drawn, then −1, [question, place].
        left_out: how many questions had none.
    """

    def __init__(
        self,
        task: PairCompletion,
        head: TaskHead,
        texts: EntityTexts,
        questions: Int[np.ndarray, "question 3"],
        pool: Int[np.ndarray, "question place"],
        left_out: int = 0,
    ) -> None:
        super().__init__()
        self.task = task
        self.head = head
        self.texts = texts
        self.questions = questions
        self.pool = pool
        self.left_out = left_out
        self._random = np.random.default_rng(task.seed)

    def __len__(self) -> int:
        return len(self.questions)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of the right answers, averaged."""
        return self.measure(bert, rows, self.draw(rows))

    def draw(self, rows: Sequence[int]) -> Int[np.ndarray, "row negative"]:
        """Wrong answers of some questions, drawn evenly without repeats, then −1."""
        pool = self.pool[list(rows)]
        lots = np.where(pool >= 0, self._random.random(pool.shape), np.inf)
        chosen = np.argsort(lots, axis=1)[:, : int(self.task.negatives)]
        return np.take_along_axis(pool, chosen, 1)

    def measure(self, bert: Bert, rows: Sequence[int], wrong: Int[np.ndarray, "row negative"]) -> Float[Tensor, ""]:
        """The loss of some questions against given wrong answers."""
        step, known, right = self.questions[list(rows)].T
        answers = np.concatenate([right[:, None], wrong], axis=1)  # [row, 1 + negative]
        row, place = np.nonzero(answers >= 0)
        read = score_pairs(bert, self.head, self.texts.encode_pairs(known[row], step[row], answers[row, place]))
        logits = read.new_full(answers.shape, -torch.inf)
        at = tuple(torch.from_numpy(index).to(read.device) for index in (row, place))
        return cross_entropy(logits.index_put(at, read), torch.zeros(len(right), dtype=torch.long, device=read.device))

    def extra_repr(self) -> str:
        left = f", {self.left_out:,} left out" if self.left_out else ""
        cut = f", {self.texts.cut:,} texts cut" if self.texts.cut else ""
        return f"{count_things(len(self), 'question')}{left}{cut}"


def score_pairs(bert: Bert, head: TaskHead, encoding: Encoding) -> Float[Tensor, " pair"]:
    """The logit of each pair; it does not depend on the other pairs."""

    def read(model: Bert, part: Encoding) -> Tensor:
        hidden = widen_numbers(model(part).last_hidden_state)  # [pair, token, width]
        assert part.segments is not None
        is_answer = part.segments.bool()
        with torch.autocast(model.device.type, enabled=False):
            query, answer = (_pool(hidden, there) for there in (part.is_token & ~is_answer, is_answer))
            return head(hidden.shape[2] * query * answer)[:, 0]

    return sweep_texts(bert, encoding, read)


def _pool(hidden: Float[Tensor, "pair token width"], there: Bool[Tensor, "pair token"]) -> Float[Tensor, "pair width"]:
    """The mean of some word pieces, of length one."""
    return normalize((hidden * there[..., None]).sum(1), dim=-1)


def expect_pair_head(bert: Bert, name: str, *, longest: int | None = None) -> TaskHead:
    """The model's head for pairs.

    Args:
        bert: whose head it is.
        name: of the head.
        longest: how many word pieces of an entity it has to have been learnt on; None for any number.

    Raises:
        ValueError: there is none of this name, or it is for something else.
    """
    if name not in bert.heads:
        there = f"It has {', '.join(bert.heads)}. " if len(bert.heads) else ""
        raise ValueError(
            f"{bert.name!r} has no head {name!r}. {there}Tune it on pairs first: type kgwb.tune(model, "
            "kgwb.learn.PairCompletion(split, ranker), policy='full')."
        )
    head: Any = bert.heads[name]
    settings = getattr(head, "settings", {})
    if not isinstance(head, TaskHead) or head.kind != KIND or longest not in (None, settings["longest"]):
        made = f"{getattr(head, 'kind', type(head).__name__)!r} with {settings}"
        asked = "" if longest is None else f" with {{'longest': {longest}}}"
        raise ValueError(
            f"The head {name!r} of {bert.name!r} is {made}, not {KIND!r}{asked}. Type name='another' for a head of its own: "
            "kgwb.learn.PairCompletion(split, ranker, name='another')."
        )
    return head


def _ask_both_ways(triples: Int[np.ndarray, "triple 3"], relations: int) -> Int[np.ndarray, "question 3"]:
    """(step, known entity, answer) of each triple, for its tail and for its head."""
    head, relation, tail = triples.T
    forward, backward = (relation, head, tail), (relation + relations, tail, head)
    return np.concatenate([np.stack(forward, axis=1), np.stack(backward, axis=1)])
