"""What speaks for an entity that a mention may name: its renown, the sentence, and the other mentions."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.homonyms import NameKinds, find_homonyms
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import encode_sentences
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.joins import expand_ranges, hold

if TYPE_CHECKING:
    from kgwb.embed import GraphEmbedding

_RANDOM_PAIRS = 1000
_PAIRS_AT_ONCE = 1 << 16
_NEIGHBOURS_NAMED = 8
_PIECES_READ = 64
_NEUTRAL = 0.4  # the cosine of a sentence and what it is about, in English text about the graph


@dataclass(frozen=True, eq=False)
class Choices:
    """Every candidate of every mention, in the order of the text, the candidates of a mention together.

    Attributes:
        entity: the candidate's id, [candidate].
        mention: the number of its mention, counted over all sentences, [candidate].
        sentence: the number of its sentence, [candidate].
    """

    entity: Int[np.ndarray, " candidate"]
    mention: Int[np.ndarray, " candidate"]
    sentence: Int[np.ndarray, " candidate"]

    def select(self, keep: Bool[np.ndarray, " candidate"]) -> Choices:
        """Some of them."""
        return Choices(self.entity[keep], self.mention[keep], self.sentence[keep])


def weigh_renown(graph: KnowledgeGraph, choices: Choices, spelt: Sequence[str]) -> Float[np.ndarray, " candidate"]:
    """What can be said before reading: half for how well connected an entity is, half for a label spelt to the letter.

    ½ log(1 + degree) / log(1 + largest degree) + ½ [the mention is one of the entity's labels, case and accents too]

    Args:
        graph: whose entities they are.
        choices: the candidates.
        spelt: the text of each mention.
    """
    renown = np.log1p(graph.degrees) / max(float(np.log1p(graph.degrees.max())), 1.0)
    columns = [column for column in graph.entities.columns if column == "label" or column.startswith("label_")]
    labels = [set(names) for names in zip(*(graph.entities[column] for column in columns), strict=True)]
    text = [" ".join(each.split()) for each in spelt]
    short = [{alias.replace(".", "") for alias in names if alias.isupper()} for names in graph.entities["aliases"]]
    same = [
        text[m] in labels[e] or (text[m].isupper() and text[m].replace(".", "") in short[e])
        for e, m in zip(choices.entity.tolist(), choices.mention.tolist(), strict=True)
    ]
    return 0.5 * renown[choices.entity] + 0.5 * np.asarray(same, dtype=np.float64)


def find_other_words(
    graph: KnowledgeGraph, choices: Choices, sentences: Sequence[str | Sentence], mentions: Sequence[Sequence[Mention]]
) -> Bool[np.ndarray, " candidate"]:
    """Whether a mention is written as another word (turkey, china) or as a part of another name (Lake Victoria).

    Args:
        graph: whose entities they are.
        choices: the candidates.
        sentences: the texts.
        mentions: per sentence, its mentions.
    """
    kinds = NameKinds.of(graph)
    texts = [sentence.text if isinstance(sentence, Sentence) else sentence for sentence in sentences]
    judged = (find_homonyms(text, found, kinds) for text, found in zip(texts, mentions, strict=True))
    return np.fromiter((each for some in judged for one in some for each in one), dtype=bool, count=len(choices.entity))


def weigh_context(
    graph: KnowledgeGraph, choices: Choices, sentences: Sequence[str | Sentence], bert: Bert, *, batch: int = 64
) -> Float[np.ndarray, " candidate"]:
    """How near the sentence lies to what the graph says of a candidate: the cosine of BERT's mean hidden states, or 0.

    The graph says its label, its description (else its type), and the labels of its eight least connected neighbours;
    BERT reads the first 64 word pieces of that. An injector does not take part. Where one of the two is in Latin script
    and the other is not, the cosine says nothing, and 0.4 stands for it.

    Args:
        graph: whose entities they are.
        choices: the candidates.
        sentences: the texts.
        bert: reads both.
        batch: texts read at once; with one, a result does not depend on the others, to the last bit.

    Raises:
        ValueError: if a sentence is longer than BERT's position table.
    """
    read, sentence = np.unique(choices.sentence, return_inverse=True)
    distinct, entity = np.unique(choices.entity, return_inverse=True)
    here = encode_sentences(bert, [sentences[i] for i in read], mentions=[()] * len(read))
    said = describe_entities(graph, distinct)
    # Truncation is set on a tokenizer: on one of its own, for other threads are using the model's.
    tokenizer = copy.deepcopy(bert.tokenizer)
    cut = tokenizer(said, padding=True, truncation=True, max_length=_PIECES_READ, return_tensors="pt")
    context = _average_states(bert, here.pieces, here.is_token, batch)
    known = _average_states(bert, cut["input_ids"], cut["attention_mask"].bool(), batch)
    cosine = np.clip((context[sentence] * known[entity]).sum(1).double().numpy(), 0.0, 1.0)
    texts = [each.text if isinstance(each, Sentence) else each for each in (sentences[i] for i in read)]
    foreign = np.asarray([_is_latin(text) for text in texts])[sentence] != np.asarray([*map(_is_latin, said)])[entity]
    return np.where(foreign, _NEUTRAL, cosine)


def _is_latin(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return 2 * sum(letter < "\u0370" for letter in letters) >= len(letters)


def describe_entities(graph: KnowledgeGraph, entities: Int[np.ndarray, " entity"]) -> list[str]:
    """A line about each entity: label, description (else type), and its least connected neighbours.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> describe_entities(KnowledgeGraph.from_pandas(facts), np.array([0]))
        ['France: Paris']
    """
    near = Adjacency.of(graph)
    table, lines = graph.entities, []
    for entity in entities.tolist():
        around = near.around(entity)
        rarest = around[np.lexsort((around, graph.degrees[around]))]
        names = [graph.labels[i] for i in rarest if i != entity][:_NEIGHBOURS_NAMED]
        said = table["description"][entity] or table["type"][entity]
        lines.append(", ".join(filter(None, [graph.labels[entity], said])) + (f": {', '.join(names)}" if names else ""))
    return lines


def weigh_coherence(
    graph: KnowledgeGraph, choices: Choices, vectors: GraphEmbedding | None = None
) -> Float[np.ndarray, " candidate"]:
    """How close the graph brings a candidate to the other mentions of its sentence; NaN where there is no other.

    The mean over the other mentions, of the closest of their candidates; closeness is the mean of
    [a triple links the two], |N ∩ N'| / √(|N| |N'|), where N holds an entity and its neighbours, and with `vectors` of
    the scorer's opinion: how rarely two entities drawn at random are scored higher by any relation, on a log scale.

    Args:
        graph: whose entities they are.
        choices: the candidates.
        vectors: of the same graph.
    """
    result = np.full(len(choices.entity), np.nan)
    starts, ends = (np.searchsorted(choices.sentence, choices.sentence, side=side) for side in ("left", "right"))
    one = np.repeat(np.arange(len(result)), ends - starts)
    other = expand_ranges(starts, ends - starts)
    apart = choices.mention[one] != choices.mention[other]
    one, other = one[apart], other[apart]
    if not len(one):
        return result
    keys = choices.entity[one] * len(graph.entities) + choices.entity[other]
    pairs, where = np.unique(keys, return_inverse=True)
    close = _measure_closeness(graph, np.stack(np.divmod(pairs, len(graph.entities)), 1), vectors)[where]
    # The pairs of one candidate with the candidates of one other mention stand together.
    first = np.flatnonzero(np.diff(one, prepend=-1) | np.diff(choices.mention[other], prepend=-1))
    closest, of = np.maximum.reduceat(close, first), one[first]
    result[np.unique(one)] = 0.0
    np.add.at(result, of, closest / np.bincount(of)[of])
    return result


def _measure_closeness(
    graph: KnowledgeGraph, pairs: Int[np.ndarray, "pair 2"], vectors: GraphEmbedding | None
) -> Float[np.ndarray, " pair"]:
    near = Adjacency.of(graph)
    seen = [near.are_linked(pairs).astype(np.float64), near.overlap(pairs)]
    if vectors is not None:
        seen.append(_judge_pairs(vectors, pairs))
    return np.mean(seen, axis=0)


@dataclass(frozen=True, eq=False)
class Adjacency:
    """Each entity with its neighbours, as sorted keys entity · count + neighbour; each is its own neighbour."""

    keys: Int[np.ndarray, " key"]
    bounds: Int[np.ndarray, " bound"]

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Adjacency:
        count = len(graph.entities)
        head, _, tail = graph.triples.T
        own = np.arange(count) * (count + 1)
        keys = np.unique(np.concatenate([own, head * count + tail, tail * count + head]))
        return cls(keys, np.searchsorted(keys, np.arange(count + 1) * count))

    def around(self, entity: int) -> Int[np.ndarray, " neighbour"]:
        return self.keys[self.bounds[entity] : self.bounds[entity + 1]] - entity * (len(self.bounds) - 1)

    def are_linked(self, pairs: Int[np.ndarray, "pair 2"]) -> Bool[np.ndarray, " pair"]:
        return hold(self.keys, pairs[:, 0] * (len(self.bounds) - 1) + pairs[:, 1]) & (pairs[:, 0] != pairs[:, 1])

    def overlap(self, pairs: Int[np.ndarray, "pair 2"]) -> Float[np.ndarray, " pair"]:
        sizes = np.diff(self.bounds)
        count = len(sizes)
        # Walk round the smaller neighbourhood, and look each of its members up in the larger.
        swap = (sizes[pairs[:, 0]] > sizes[pairs[:, 1]])[:, None]
        small, large = np.where(swap, pairs[:, ::-1], pairs).T
        row = np.repeat(np.arange(len(pairs)), sizes[small])
        member = self.keys[expand_ranges(self.bounds[small], sizes[small])] % count
        shared = np.bincount(row[hold(self.keys, large[row] * count + member)], minlength=len(pairs))
        return shared / np.sqrt(sizes[small] * sizes[large])


def _judge_pairs(vectors: GraphEmbedding, pairs: Int[np.ndarray, "pair 2"]) -> Float[np.ndarray, " pair"]:
    """0 for a pair as plausible as the least of the randomly drawn ones, 1 for one above them all, by logarithm."""
    drawn = np.random.default_rng(0).integers(0, len(vectors.graph.entities), (_RANDOM_PAIRS, 2))
    best = _score_best(vectors, np.concatenate([pairs, drawn]))
    above = _RANDOM_PAIRS - np.searchsorted(np.sort(best[len(pairs) :]), best[: len(pairs)], side="right")
    return 1 - np.log1p(above) / np.log1p(_RANDOM_PAIRS)


@torch.no_grad()
def _score_best(vectors: GraphEmbedding, pairs: Int[np.ndarray, "pair 2"]) -> Float[np.ndarray, " pair"]:
    """The score of the relation that fits each pair best, in whichever direction."""
    seen, scored = vectors.encode(), []
    for some in torch.from_numpy(pairs).split(_PAIRS_AT_ONCE):
        one, other = some.to(vectors.device).unbind(1)
        best = torch.full((len(one),), -torch.inf, device=vectors.device)
        for number in range(len(vectors.graph.relations)):
            relation = torch.full_like(one, number)
            best = best.maximum(seen.score(one, relation, other)).maximum(seen.score(other, relation, one))
        scored.append(best.double().cpu())
    return torch.cat(scored).numpy()


@torch.no_grad()
def _average_states(
    bert: Bert, pieces: Int[Tensor, "text token"], is_token: Bool[Tensor, "text token"], batch: int
) -> Float[Tensor, "text width"]:
    """The mean of BERT's last hidden states over each text, as vectors of length one, on the CPU."""
    bert = bert.in_mode(training=False)
    rows = is_token.sum(1).argsort(stable=True)
    means = []
    for some in rows.split(batch):
        real = is_token[some, : int(is_token[some].sum(1).max())].to(bert.device)
        ids = pieces[some, : real.shape[1]].to(bert.device)
        states = bert.model.base_model(input_ids=ids, attention_mask=real.long()).last_hidden_state
        means.append((states * real[..., None]).sum(1).float().cpu())  # a direction needs no division
    return torch.nn.functional.normalize(torch.cat(means)[rows.argsort()], dim=1)
