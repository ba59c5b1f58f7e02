"""The pointer door: an answer is read off the fact that the question asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import normalize

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.door import Door, TextReader
from kgwb.bert.doors.gate import Gate
from kgwb.bert.doors.nearby_facts import NearbyFacts, find_nearby_facts, list_named, sort_by_entity
from kgwb.bert.doors.pointing import NEVER, Pointing, beyond_nearest, find_usual_types, measure_nearest, pick
from kgwb.bert.doors.said_relations import SaidRelations, gather_said, join_said, leave_out_known, match_texts
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Hidden, Trace
from kgwb.checks import expect_at_least
from kgwb.environment import draw_from

# What an answer without any support is taken for, so that its logarithm is finite.
FLOOR = 0.01
# A sentence that says a text so well is in the same wording.
OWN = 0.9
# How strongly the numbers are kept near to where they begin: wordings that repeat the label would train the rest away.
PULL = 0.5
# A share that is silent enough: more of it would only raise the score of "none of them" above wordings that are new.
SILENT_ENOUGH = 0.9


@dataclass(eq=False)
class PreparedPointing:
    """A batch before and after BERT has passed the layer that is compared.

    Attributes:
        nearby: the facts that each sentence may read.
        pointing: their scores; None before.
    """

    nearby: NearbyFacts
    pointing: Pointing | None = None


class PointerDoor(Door):
    """Finds the fact that a sentence asks for among the facts of the entities it names, and scores the other end.

    A slot j holds a fact of relation r, read from its head or from its tail. With m_r the match between the sentence's word
    pieces outside names and the relation's label, both as hidden states of a layer below which no other door has acted:

    - z_j = τ (max(m_r, m_e − w) + b · [read from the tail] − c₁ log(1 + d₁) − c₂ log(1 + d₂)), where m_e is the match with the
      type of the fact's other end, d₁ the distance from the name to the mask and d₂ from the name to the words that say r, each
      beyond that of the nearest name
    - p = softmax over the slots and "the graph does not say", whose score is that of the relations of which the named
      entities have no fact, and τ n for none at all
    - support of an answer a = Σ p_j over the slots whose other end it is
    - its score gains g · β · log((ε + a) / ε) / log(1 / ε), ε = .01, g = |tanh α|, zero at the start

    Eight numbers are learnt, and none belongs to an answer or a relation: what the door says of entities that it never met
    is as good as what it says of others (pointing follows Vinyals et al., 2015; the match Khattab and Zaharia, 2020).

    Args:
        knowledge: the facts.
        shape: of the BERT it leads into.
        layer: whose states are compared, counted from 0; by default the last one below the upper half.
        most: facts read per sentence; what is left out is counted in `Reading.left_out`.
        adaptive: let the context decide how far the gate is open.
        seed: for the control "random", whose words of relations are drawn.
    """

    name = "pointer"
    sized_by_folder = ("facts", "states", "texts", "relations", "is_label", "marks")
    states: Tensor
    texts: Tensor
    relations: Tensor
    is_label: Tensor
    mask: Tensor
    marks: Tensor
    type_of: Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        layer: int | None = None,
        most: int = 64,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, reads_facts=True)
        expect_at_least("most", most, 1, whole=True)
        [self.layer] = shape.pick_layers(None if layer is None else (layer,), (max(0, shape.layers // 2 - 1),))
        self.most, self.shape, self.seed = most, shape, seed
        self.labels = tuple(knowledge.graph.relation_labels) or ("",)  # a graph without relations has one of no facts
        types, self.types = pd.factorize(knowledge.graph.entities["type"].astype(str), sort=True)
        self.register_buffer("type_of", torch.from_numpy(types.astype(np.int64)), persistent=False)
        self.register_buffer("states", torch.zeros(0, shape.width))
        for name in ("texts", "relations", "is_label", "marks"):
            self.register_buffer(name, torch.zeros(0, dtype=torch.bool if name == "is_label" else torch.int64))
        self.register_buffer("mask", torch.full((1,), -1))
        self.opening = Gate(shape.width, adaptive=adaptive, dtype=shape.dtype)
        self.numbers = nn.Parameter(torch.zeros(len(_START)))
        self.index_facts()

    def meet(self, read: TextReader) -> None:
        """Take up how the relations are called."""
        self.marks, self.mask = torch.tensor(read.marks), torch.tensor([read.mask])
        encoding, hidden = read([*self.labels, *self.types])
        said = gather_said(
            hidden[self.layer + 1], self._find_words(encoding), torch.arange(len(encoding)), are_labels=True
        )
        self._say(said)

    def learn_wordings(self, encoding: Encoding, hidden: Sequence[Hidden], relations: Int[Tensor, " sentence"]) -> None:
        """Take up how sentences say relations, without training."""
        states, words = hidden[self.layer + 1], self._find_words(encoding)
        new = leave_out_known(states, words, relations, self.said)  # tuning again teaches nothing twice
        if bool(new.any()):
            self._say(join_said(self.said, gather_said(states[new], words[new], relations[new], are_labels=False)))

    def _say(self, said: SaidRelations) -> None:
        device = self.facts.device
        states = said.states
        if self.control == "random":
            draw = torch.randn(states.shape, generator=draw_from(self.seed, f"words {len(states)}"))
            states = normalize(draw, dim=-1)
        if self.control == "matched":
            states = states.mean(0, keepdim=True).expand_as(states).clone()
        self.states, self.texts = states.to(device), said.texts.to(device)
        self.relations, self.is_label = said.relations.to(device), said.is_label.to(device)

    @property
    def said(self) -> SaidRelations:
        """The texts that say relations."""
        return SaidRelations(self.states, self.texts, self.relations, self.is_label)

    def index_facts(self) -> None:
        self._index = sort_by_entity(self.facts.cpu(), len(self.identity), len(self.labels))
        self._usual = find_usual_types(self.facts, self.type_of, len(self.labels), len(self.types))

    @property
    def learning_rate_factor(self) -> float:
        """Four, as its numbers are few and begin near to where they end."""
        return 4.0

    @property
    def touched_layers(self) -> tuple[int, ...]:
        return (self.layer,)

    def prepare(self, encoding: Encoding) -> PreparedPointing:
        """The facts that each sentence may read."""
        return PreparedPointing(self.look_up(encoding))

    def find_facts(self, encoding: Encoding) -> Int[Tensor, "batch slot"]:
        return self.look_up(encoding).facts

    def look_up(self, encoding: Encoding) -> NearbyFacts:
        named = list_named(encoding, self.entities_at(encoding))
        return find_nearby_facts(named, self._index, hops=1, most=self.most)

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a sentence that has facts to read."""
        has_facts = (self.find_facts(encoding) >= 0).any(-1).to(encoding.is_token.device)
        return encoding.is_token & has_facts[:, None]

    def after_layer(self, layer: int, hidden: Hidden, trace: Trace) -> Hidden:
        """BERT's states as they are; they are compared with how relations are said."""
        prepared: PreparedPointing = trace.prepared[self]
        prepared.pointing = self.point(hidden.detach(), trace.encoding, prepared.nearby)
        entered = trace.encoding.is_token & prepared.nearby.is_fact.any(-1).to(hidden.device)[:, None]
        trace.note_gate(self.name, self.shape.layers, entered * self.opening.factor.abs())
        return hidden

    def score_entities(
        self, hidden: Float[Tensor, "row width"], entities: Int[Tensor, "row candidate"], trace: Trace
    ) -> Float[Tensor, "row candidate"] | None:
        support = self.support_entities(entities, trace)
        gained = ((FLOOR + support) / FLOOR).log() / log(1 / FLOOR)
        gate = self.opening.mass(hidden, torch.zeros_like(hidden))  # [row, 1]
        return (gate * self._number("beta") * gained).masked_fill(entities < 0, 0.0)

    def support_entities(self, entities: Int[Tensor, "row candidate"], trace: Trace) -> Float[Tensor, "row candidate"]:
        """The share of the facts that speaks for each entity as the answer, 0 to 1; −1 is no entity."""
        pointing = self.pointing_of(trace)
        shares = pointing.shares()[:, :-1]  # [row, slot]
        others = pointing.nearby.others.to(shares.device)
        speaks = (others[:, :, None] == entities[:, None]) & (entities >= 0)[:, None]  # [row, slot, candidate]
        return (shares[:, :, None] * speaks).sum(1)

    def loss_at_mask(self, answers: Int[Tensor, " row"], trace: Trace) -> Float[Tensor, ""]:
        """Where the facts that state the answer are taken away, the graph does not say: −log of that column's share.

        Once as the graph is, where the relation asked for then counts for it, and once without that relation, as for a question
        that no relation of the graph answers. The squares of the numbers are added.
        """
        pointing = self.pointing_of(trace)
        gone = pointing.states(answers)
        asked = torch.zeros_like(pointing.relations).scatter_add(1, pointing.asked, gone.to(pointing.slots.dtype)) > 0
        silent = pointing.shares(gone)[:, -1].log() + pointing.shares(gone, asked)[:, -1].clamp_max(SILENT_ENOUGH).log()
        counted = gone.any(1)
        missed = -(silent * counted).sum() / counted.sum().clamp_min(1)
        return missed + PULL * self.numbers.square().sum()

    def pointing_of(self, trace: Trace) -> Pointing:
        """The scores of a pass that has gone by."""
        pointing: Pointing | None = trace.prepared[self].pointing
        assert pointing is not None
        return pointing

    def point(self, hidden: Hidden, encoding: Encoding, nearby: NearbyFacts) -> Pointing:
        """Score the facts that sentences may read by the states of their word pieces."""
        device = hidden.device
        match, places = self._match_texts(hidden, encoding)  # [sentence, text], [sentence, text, token]
        count = len(self.labels)
        kinds, owners = nearby.relations.to(device), nearby.owners.to(device)
        relations, is_fact = kinds % count, nearby.is_fact.to(device)  # [sentence, slot]
        types = count + self.type_of[nearby.others.clamp_min(0).to(device)]
        is_owner = self.entities_at(encoding)[:, None] == owners[..., None]  # [sentence, slot, token]
        to_mask, to_words = self._measure_distances(encoding, is_owner, pick(places, relations) + pick(places, types))
        typed = match[:, count:] - self._number("type")
        every = torch.maximum(match[:, :count], typed[:, self._usual.to(device)])  # [sentence, relation]
        score = torch.maximum(match.gather(1, relations), typed.gather(1, types - count))  # [sentence, slot]
        score = score + self._number("backwards") * (kinds >= count).to(match.dtype)
        score = score - self._number("to_mask") * beyond_nearest(to_mask, is_fact)
        score = score - self._number("to_words") * beyond_nearest(to_words, is_fact, relations)
        sharpness = self._number("sharpness")
        slots = (sharpness * score).masked_fill(~is_fact, NEVER)
        return Pointing(nearby, slots, sharpness * every, sharpness * self._number("none"))

    def _match_texts(
        self, hidden: Hidden, encoding: Encoding
    ) -> tuple[Float[Tensor, "sentence text"], Float[Tensor, "sentence text token"]]:
        """How well a sentence says each relation and each type, and how much each of its word pieces says of it."""
        said, count, length = self.said, len(self.labels) + len(self.types), hidden.shape[1]
        match, places = match_texts(hidden, self._find_words(encoding), said)
        if torch.is_grad_enabled():
            # What is learnt must hold for wordings that are new: a sentence is not compared with its own.
            match = match.masked_fill((match > OWN) & ~said.is_label, -1.0)
        match = match - self._number("wording") * ~said.is_label
        best = match.new_full((len(match), count), -1.0)
        best = best.scatter_reduce(1, said.relations.expand_as(match), match, "amax")
        where = match.new_zeros(len(match), count * length)
        column = said.relations[said.texts] * length + places  # [sentence, piece]
        is_best = match.detach().gather(1, said.texts.expand(len(match), -1)) >= best.detach().gather(
            1, said.relations[said.texts].expand(len(match), -1)
        )
        where.scatter_add_(1, column, is_best.to(where.dtype))
        return best, where.unflatten(1, (count, length))

    def _measure_distances(
        self,
        encoding: Encoding,
        is_owner: Bool[Tensor, "sentence slot token"],
        weights: Float[Tensor, "sentence slot token"],
    ) -> tuple[Float[Tensor, "sentence slot"], Float[Tensor, "sentence slot"]]:
        """log(1 + distance) from each slot's name to the mask, and to the words that say its relation."""
        nearest = measure_nearest(is_owner)  # [sentence, slot, token]
        is_mask = (encoding.pieces == self.mask)[:, None]
        to_mask = torch.where(is_mask, nearest, is_owner.shape[-1]).amin(2)
        to_words = (weights * nearest).sum(-1) / weights.sum(-1).clamp_min(1)
        return torch.log1p(to_mask.float()), torch.log1p(to_words)

    def _find_words(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Where a word stands that is neither a name nor a mark."""
        return encoding.is_token & (encoding.entities < 0) & ~torch.isin(encoding.pieces, self.marks)

    def _number(self, name: str) -> Float[Tensor, ""]:
        start, step, is_positive = _START[name]
        learnt = self.numbers[_NAMES.index(name)]
        return start * torch.exp(learnt) if is_positive else start + step * learnt

    def extra_repr(self) -> str:
        return f"{len(self.facts):,} facts, {len(self.relations)} texts of {len(self.labels)} relations, {super().extra_repr()}"


# Where each number begins, the step of one unit, and whether it is learnt as a logarithm.
_START = {
    "beta": (10.0, 0.0, True),
    "sharpness": (20.0, 0.0, True),
    "backwards": (-0.2, 0.1, False),
    "none": (0.4, 0.1, False),
    "to_mask": (0.1, 0.0, True),
    "to_words": (0.6, 0.0, True),
    "wording": (0.2, 0.1, False),
    "type": (0.2, 0.1, False),
}
_NAMES = tuple(_START)
