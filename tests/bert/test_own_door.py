"""A door of one's own, without an edit in kgwb: the five steps of CONTRIBUTING, done here to the letter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import kgwb
from kgwb.bert import Door
from kgwb.bert.doors.entity import EntityDoor
from kgwb.bert.doors.gate import Gate, make_map, scale_to_one
from kgwb.bert.doors.memory import MemoryDoor
from kgwb.bert.knowledge import Knowledge
from kgwb.environment import draw_from

TEXT = "Paris is the capital of France."


class Neighbour(Door):
    """h' = h + g · W (mean vector of an entity's neighbours), at each piece that names it, after one layer."""

    name = "neighbour"

    def __init__(self, knowledge, shape, *, layer=2, adaptive=False, seed=0):
        super().__init__(knowledge)
        self.layer = layer
        head, _, tail = knowledge.facts.unbind(1)
        links = torch.zeros(len(knowledge.entities), len(knowledge.entities))
        links[head, tail] = links[tail, head] = 1.0
        table = scale_to_one(links @ knowledge.entities).to(shape.dtype)
        self.register_buffer("table", table)
        draw = draw_from(seed, "door")
        self.map = make_map(table.shape[1], shape.width, shape.hidden_length, draw, shape.dtype)
        self.openness = Gate(shape.width, adaptive=adaptive, dtype=shape.dtype)  # the one factor that is zero at first

    @property
    def touched_layers(self):
        return (self.layer,)

    def after_layer(self, layer, hidden, trace):
        vectors = self.map(self.table[self.entities_at(trace.encoding).clamp_min(0)])  # [sentence, token, width]
        openness = self.openness(hidden, vectors) * self.enters_at(trace.encoding)[..., None]
        trace.note_gate(self.name, layer + 1, openness[..., 0].abs())
        return hidden + openness * vectors

    def enters_at(self, encoding):
        return encoding.entities >= 0


class Bias(Door):
    """One number for each head, added to the attention of each word to names; its gate is no `Gate`."""

    name = "bias"

    def __init__(self, knowledge, shape, *, adaptive=False, seed=0):
        super().__init__(knowledge)
        self.alpha = nn.Parameter(torch.zeros(()))
        self.by_head = nn.Parameter(torch.randn(shape.heads, generator=draw_from(seed, "door")))

    @property
    def touched_attention(self):
        return (0, 1)

    def change_scores(self, layer, query, scores, trace):
        return scores + self.alpha * self.by_head[:, None, None] * self.enters_at(trace.encoding)[:, None, None]

    def enters_at(self, encoding):
        return encoding.entities >= 0

    @property
    def gate(self):
        return abs(self.alpha.item())


@pytest.fixture(scope="module")
def questions(vectors) -> kgwb.learn.Questions:
    return kgwb.make_questions(kgwb.verbalise(vectors.graph), vectors.graph)


@pytest.mark.parametrize("mode", [Neighbour, Bias, (Neighbour, "memory"), [Bias, Neighbour, "relation"]])
def test_an_own_door_tunes_answers_is_off_and_comes_back(bert, vectors, questions, tmp_path, mode):
    plain = kgwb.read(bert, TEXT)
    model = kgwb.inject(bert, vectors, mode=mode, seed=1)
    names = [one if isinstance(one, str) else one.name for one in (mode if isinstance(mode, (tuple, list)) else [mode])]
    assert model.injector.mode == "+".join(names) and model.name == f"minilm/{'+'.join(names)}"
    fresh = kgwb.read(model, TEXT)
    assert model.injector.gate == 0 and fresh.hidden.equal(plain.hidden) and fresh.attention.equal(plain.attention)

    before = kgwb.learn.answer_questions(bert, questions)
    steps = list(kgwb.tune(model, kgwb.MaskedAnswers(questions), epochs=2, batch=4, seed=1))
    assert steps[-1].gate == model.injector.gate > 0
    tuned = kgwb.read(model, TEXT)
    assert not tuned.hidden.equal(plain.hidden) and sum(tuned.injected[0]) >= 2
    answered = kgwb.learn.answer_questions(model, questions)
    assert not answered.equals(before)

    whole = kgwb.load_bert("minilm")
    whole.model.load_state_dict(model.model.state_dict())  # tuned with the door, and without it
    with model.injector.off():
        assert kgwb.read(model, TEXT).hidden.equal(kgwb.read(whole, TEXT).hidden)

    again = kgwb.inject(whole, vectors, mode=mode, seed=2)
    again.injector.load(model.injector.save(tmp_path / "door"))
    assert kgwb.read(again, TEXT).hidden.equal(tuned.hidden)
    assert kgwb.learn.answer_questions(again, questions).equals(answered)


def test_options_and_controls_are_given_to_it(bert, vectors):
    alone = kgwb.inject(bert, vectors, mode=Neighbour, control="random", adaptive=True, layer=4)
    [door] = alone.injector.doors
    assert (door.layer, door.control, door.openness.adaptive) == (4, "random", True)
    assert alone.name == "minilm/neighbour/random" and "gate=0.000, control=random" in repr(door)
    several = kgwb.inject(bert, vectors, mode=("entity", Neighbour), neighbour={"layer": 3})
    assert several.injector.doors[1].layer == 3
    with pytest.raises(TypeError, match=r"Expected a dict of options for each door; type neighbour=\{\.\.\.\}"):
        kgwb.inject(bert, vectors, mode=("entity", Neighbour), layer=3)


def test_what_is_no_door_is_refused_with_what_to_type(bert, vectors):
    class Nameless(Bias):
        name = ""

    class Taken(Bias):
        name = "entity"

    class Nowhere(Door):
        name = "nowhere"

    class Gateless(Neighbour):
        name = "gateless"

        def __init__(self, knowledge: Knowledge, shape, **_):
            Door.__init__(self, knowledge)

    with pytest.raises(ValueError, match=r"The door Nameless is named ''. .* type in its class: name = \"nameless\""):
        kgwb.inject(bert, vectors, mode=Nameless)
    with pytest.raises(ValueError, match=r"The door Taken is named 'entity'. It needs a word of its own"):
        kgwb.inject(bert, vectors, mode=Taken)
    with pytest.raises(TypeError, match=r"the class Nowhere, which is no door. .* that defines enters_at"):
        kgwb.inject(bert, vectors, mode=Nowhere)
    with pytest.raises(ValueError, match=r"Expected one door or several different ones"):
        kgwb.inject(bert, vectors, mode=(Neighbour, Neighbour))
    with pytest.raises(NotImplementedError, match=r"Gateless holds no Gate. Give it one, or a property `gate`"):
        kgwb.inject(bert, vectors, mode=Gateless).injector.gate  # noqa: B018


class MoreFacts(MemoryDoor):
    """Another memory beside kgwb's own."""

    name = "more_facts"


class AnotherVector(EntityDoor):
    """Another vector beside a name."""

    name = "another_vector"


def test_rows_of_two_doors_with_slots_sum_to_one(bert, vectors, set_gates):
    texts = ["Quorrin Vath was born in Paris.", "Paris and Lyon are in France, New York is not.", "No name is here."]
    options = {"memory": {"layers": (0, 2, 4)}, "more_facts": {"layers": (2, 5), "hops": 2}}
    read = {}
    for modes in (("memory", MoreFacts), (MoreFacts, "memory"), ("memory",), (MoreFacts,)):
        names = [mode if isinstance(mode, str) else mode.name for mode in modes]
        given = options[names[0]] if len(names) == 1 else options
        read[tuple(names)] = reading = kgwb.read(set_gates(kgwb.inject(bert, vectors, mode=modes, **given), 0.7), texts)
        rows = reading.attention.sum(-1) + reading.slots.sum(-1)
        for row, length in zip(rows, reading.lengths, strict=True):
            assert row[..., :length] == pytest.approx(1, abs=1e-5) and not row[..., length:].any()
    both, one, other = read["memory", "more_facts"], read["memory",], read["more_facts",]
    assert both.facts == tuple(mine + more for mine, more in zip(one.facts, other.facts, strict=True))
    for row, facts in enumerate(one.facts):
        # In the first layer only the memory acts, and in the last one only the other door.
        assert both.slots[row, 0, :, :, : len(facts)].equal(one.slots[row, 0, :, :, : len(facts)])
        assert not both.slots[row, 0, :, :, len(facts) :].any() and not both.slots[row, 5, :, :, : len(facts)].any()


def test_only_one_door_sets_vectors_beside_the_words(bert, vectors, set_gates):
    places = {"entity": {"place": "beside"}, "another_vector": {"place": "beside"}}
    model = set_gates(kgwb.inject(bert, vectors, mode=("entity", AnotherVector), **places), 0.5)
    with pytest.raises(
        ValueError, match=r"The doors entity and another_vector both set vectors beside .*'place': 'input'"
    ):
        kgwb.read(model, TEXT)
    places["another_vector"] = {"place": "input"}
    kgwb.read(set_gates(kgwb.inject(bert, vectors, mode=("entity", AnotherVector), **places), 0.5), TEXT)
