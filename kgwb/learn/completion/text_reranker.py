"""Ranking a ranker's first answers anew: each is read together with the query, and all others keep their place."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_kind, expect_number, expect_text
from kgwb.embed.precision import Precision, choose_precision
from kgwb.embed.queries import Known, Triples, expect_ids, read_ids
from kgwb.embed.ranking.answers import Ranker, expect_ranker, find_asked_steps
from kgwb.embed.ranking.ranks import rank_triples
from kgwb.graph.joins import Steps
from kgwb.learn.completion.entity_texts import cut_entity_texts
from kgwb.learn.completion.first_answers import FirstAnswers, Found, KeptAnswers
from kgwb.learn.completion.pair_completion import NAME, expect_pair_head, score_pairs

DOUBLINGS = range(-4, 5)  # weights that are tried: from a sixteenth of where both scores vary alike to sixteen times it
_CALL = "kgwb.learn.TextReranker(model, ranker)"


class TextReranker:
    """Any ranker, its first `top` answers ordered anew by what BERT reads of query and answer together.

    score(e) = first(e) + weight · s(q, e), with s the logit of the pair as `PairCompletion` learns it (Nogueira & Cho,
    2019). By it the first answers change places among themselves: each gets the score that the ranker had given to the
    one whose place it takes, and all other entities keep their own. So an answer beyond the first `top` keeps its rank,
    and with weight 0 all do, to the bit. Answers that are known already take none of the `top` and keep their scores.
    Where the ranker's scores tie, the pairs decide; what ties in both keeps a tie; those that tie with the first one left over
    are not read. Rank it as any model is ranked. BERT is copied: what is tuned afterwards does not change a reranker. A
    pair is read once, however often it is asked for.

    Args:
        bert: tuned on `PairCompletion`.
        first: what ranks all entities: a `TextRanker`, an embedding, whatever can be ranked.
        top: how many of its answers to read again.
        weight: of the pair's logit; 0 leaves the ranks as they are; `fit_weight` chooses one.
        known: triples whose answers are known already; by default those that `first` was trained on.
        head: the name of the head.
        precision: of the matmuls while reading.

    Attributes:
        bert: the copy that reads.
        graph: whose entities these are.
        trials: the weights that `fit_weight` tried and the MRR of each; none before.
        trained_on: which entities `first` was trained on, bool [entity]; only where it says so.
        trained_facts: what it was trained on, [fact, 3]; only where it says so.

    Raises:
        TypeError: for what is no BERT, or cannot be ranked.
        ValueError: the model has no head for pairs, the graph no labels that could be read, or for numbers that cannot be.

    Example:
        >>> import kgwb
        >>> facts = [("Berlin", "capital of", "Germany"), ("Paris", "capital of", "France"), ("Rome", "capital of", "Italy")]
        >>> graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> bert = kgwb.load_bert()
        >>> ranker = kgwb.learn.TextRanker(bert, graph)
        >>> _ = list(kgwb.tune(bert, kgwb.learn.PairCompletion(graph, ranker, top=3), policy="full", epochs=2))
        >>> TextReranker(bert, ranker, top=3)
        TextReranker of TextRanker of 'graph' by 'minilm': 6 entities, 384 wide; its first 3 read by 'minilm', weight 1
    """

    def __init__(
        self,
        bert: Bert,
        first: Ranker,
        *,
        top: int = 20,
        weight: int | float = 1.0,
        known: Known | None = None,
        head: str = NAME,
        precision: Precision = "auto",
    ) -> None:
        expect_kind(bert, Bert, "A BERT", call=_CALL)
        expect_ranker(first, _CALL)
        expect_at_least("top", top, 2, whole=True)
        expect_number("weight", weight, usual=1.0, least=0)
        expect_text("head", head, usual=NAME)
        longest = expect_pair_head(bert, head).settings["longest"]
        self.graph, self.first, self.top, self.weight = first.graph, first, int(top), float(weight)
        facts = read_ids(_list_trained(first) if known is None else known)
        expect_ids(self.graph, "known", facts)
        steps = Steps.of(facts, entities=len(self.graph.entities), relations=len(self.graph.relations))
        self._answers: FirstAnswers | KeptAnswers = FirstAnswers(first, steps, self.top)
        self._texts = cut_entity_texts(bert, self.graph, longest=longest, together=2)
        self.bert = copy.deepcopy(bert).eval()
        self._head = expect_pair_head(self.bert, head)
        self._precision = choose_precision(precision, bert.device, work=32 * bert.model.num_parameters())
        self._logits: dict[tuple[int, int, int], float] = {}  # of each pair that was read: (step, known, answer)
        self.name, self.device = bert.name, self._answers.device
        self.trials = pd.DataFrame({"weight": np.empty(0), "MRR": np.empty(0)})
        for given in ("trained_on", "trained_facts"):
            if hasattr(first, given):
                setattr(self, given, getattr(first, given))

    @property
    def dim(self) -> int:
        """How many numbers an answer's score takes, about; by it ranking chooses its threads."""
        return self.top * self.bert.words.embedding_dim

    @torch.no_grad()
    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The first ranker's scores, of its first answers in their new order; float64, so that close ones do not tie.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        scores, answers = self._answers.find(known, relation, tails=tails)
        scores = scores.double()
        row, place = (answers >= 0).nonzero(as_tuple=True)
        if not self.weight or not len(row):
            return scores
        entity = answers[row, place]
        logits = self._read(known, find_asked_steps(relation, tails, len(self.graph.relations)), row, entity)
        first = scores.new_full(answers.shape, -torch.inf).index_put((row, place), scores[row, entity])
        joined = first.index_put((row, place), scores[row, entity] + self.weight * logits)
        scores[row, entity] = take_places(first, joined)[row, place]
        return scores

    def fit_weight(self, triples: Triples, *, known: Known | None) -> TextReranker:
        """The same reranker with the weight that ranks these triples best; of equally good ones with the smallest.

        Tried are 0 and nine weights, by doubling, about the one that makes the ranker's scores and the logits vary alike
        among the first answers. Validation triples belong here, for what was trained on is ranked first by either. The
        ranker's scores are kept meanwhile, four bytes for each query and entity.

        Args:
            triples: what to rank, usually `split.valid`.
            known: all triples known to be true, as for `rank_triples`.

        Returns:
            A reranker that shares what was read already; `trials` holds the MRR of each weight.

        Raises:
            ValueError: as `rank_triples` has it.
        """
        trial = copy.copy(self)
        kept = trial._answers = KeptAnswers(self._answers)
        trial.weight = 0.0
        tried = [(0.0, rank_triples(trial, triples, known=known).mrr)]
        for weight in self._list_weights(kept):
            trial.weight = weight
            tried.append((weight, rank_triples(trial, triples, known=known).mrr))
        trials = pd.DataFrame(tried, columns=["weight", "MRR"])
        fitted = copy.copy(self)
        fitted.weight, fitted.trials = float(trials["weight"][int(trials["MRR"].argmax())]), trials
        return fitted

    def _list_weights(self, kept: KeptAnswers) -> list[float]:
        """Weights about the one that makes both scores vary alike; none where one of them does not vary."""
        spreads = [self._measure_spreads(*asked) for asked in kept.asked()]
        first, logits = (float(np.sqrt(sum(parts))) for parts in zip(*spreads, strict=True))
        return [first / logits * 2.0**doubling for doubling in DOUBLINGS] if first > 0 and logits > 0 else []

    @torch.no_grad()
    def _measure_spreads(self, known: Tensor, relation: Tensor, tails: int, found: Found) -> tuple[float, float]:
        """Summed squared distances from the query's mean, of the ranker's scores and of the logits."""
        scores, answers = found
        row, place = (answers >= 0).nonzero(as_tuple=True)
        step = find_asked_steps(relation, tails, len(self.graph.relations))
        logits = self._read(known, step, row, answers[row, place])
        first, second = (_sum_squares(row, values) for values in (scores[row, answers[row, place]].double(), logits))
        return first, second

    def _read(
        self, known: Tensor, step: Int[np.ndarray, " query"], row: Int[Tensor, " pair"], entity: Int[Tensor, " pair"]
    ) -> Float[Tensor, " pair"]:
        """The logit of each pair, read now or before."""
        where = row.cpu().numpy()
        asked = (step[where], known.cpu().numpy()[where], entity.cpu().numpy())
        pairs = list(zip(*(column.tolist() for column in asked), strict=True))
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._logits]
        if new:
            steps, givens, answers = np.array(new).T
            with torch.autocast(self.bert.device.type, self._precision, enabled=self._precision != torch.float32):
                read = score_pairs(self.bert, self._head, self._texts.encode_pairs(givens, steps, answers))
            if not read.isfinite().all():
                raise ValueError(
                    f"A logit of {self.name!r} is not finite: its weights are too large. Tune it anew with a lower "
                    "learning_rate: kgwb.tune(model, task, learning_rate=2e-5)."
                )
            self._logits.update(zip(new, read.tolist(), strict=True))
        return torch.tensor([self._logits[pair] for pair in pairs], dtype=torch.float64, device=row.device)

    def __repr__(self) -> str:
        return f"TextReranker of {self.first!r}; its first {self.top} read by {self.name!r}, weight {self.weight:.3g}"


def take_places(
    first: Float[Tensor, "query place"], joined: Float[Tensor, "query place"]
) -> Float[Tensor, "query place"]:
    """The scores of `first`, given to the places in the order of `joined`.

    Where two scores of `first` are equal and those of `joined` are not, the later gets the next lower number; where those
    of `joined` are equal, both get the higher score.

    Args:
        first: scores, descending, then −inf.
        joined: by what to order.

    Example:
        >>> first, joined = torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[0.0, 5.0, 1.0]])
        >>> take_places(first, joined).tolist()
        [[1.0, 3.0, 2.0]]
    """
    ordered, order = joined.sort(dim=1, descending=True, stable=True)
    given = first.clone()
    for place in range(1, first.shape[1]):
        before = given[:, place - 1]
        lower = torch.nextafter(before, torch.full_like(before, -torch.inf))
        ties = ordered[:, place] == ordered[:, place - 1]
        given[:, place] = torch.where(ties, before, torch.minimum(first[:, place], lower))
    return torch.empty_like(given).scatter(1, order, given)


def _sum_squares(row: Int[Tensor, " pair"], values: Float[Tensor, " pair"]) -> float:
    """Squared distances from the mean of each row, summed."""
    count = row.bincount()
    means = row.bincount(values) / count.clamp(min=1)
    return float((values - means[row]).square().sum())


def _list_trained(first: Ranker) -> Triples:
    return getattr(first, "trained_facts", np.empty((0, 3), dtype=np.int64))
