"""What notebook 07 keeps, shuffles, tabulates and draws: the numbers behind its pictures are those of its tables."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert, LoRA, encode_sentences
from kgwb.bert.disturbing import disturb_words
from kgwb.learn import Agreement, Extended, Partial, Questions, Step, TuningCost, compare_weights
from kgwb.learn.policies.noise import measure_word
from kgwb.lessons import learning_together as lesson
from kgwb.lessons import shares
from kgwb.lessons import tuning_pictures as pictures
from kgwb.lessons.pictures import WIDTH, Picture

FACTS = [
    *(("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ruo"), ("Di", "speaks", "Ket")),
    *(("Ada", "knows", "Bo"), ("Bo", "knows", "Cy")),
]


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    names = sorted({name for head, _, tail in FACTS for name in (head, tail)})
    kinds = ["dialect" if name in ("Ket", "Sol", "Ruo") else "person" for name in names]
    entities = pd.DataFrame({"entity": names, "label": names, "type": kinds})
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


@pytest.fixture(scope="module")
def questions(graph: kgwb.KnowledgeGraph) -> Questions:
    said = kgwb.verbalise(graph, wordings={"speaks": "{head} speaks {tail}."})
    return kgwb.make_questions(said, graph, relations=["speaks"])


@pytest.fixture(scope="module")
def tuned(questions: Questions) -> dict[str, Bert]:
    """MiniLM as it was, and after one step of two policies."""
    start = kgwb.load_bert("minilm")
    models = {"start": start}
    for name, policy in (("biases", Partial(("biases",))), ("lora", Extended(LoRA(rank=2)))):
        models[name] = copy.deepcopy(start)
        for _ in kgwb.tune(models[name], kgwb.MaskedAnswers(questions), policy=policy, epochs=2):
            pass
    return models


def _list_texts(picture: Picture) -> Iterator[ElementTree.Element]:
    return (each for each in ElementTree.fromstring(picture.svg).iter() if each.tag.endswith("}text"))


def _expect_legible(picture: Picture) -> None:
    """Every text stands within the picture, at no less than eleven pixels, and the caption says how far to trust it."""
    assert re.search(r"one tuning|not a measurement|scatters", picture.svg)
    for text in _list_texts(picture):
        size, x, said = float(text.get("font-size", 0)), float(text.get("x", 0)), text.text or ""
        assert size >= 11, said
        start = {"start": 0.0, "middle": 0.5, "end": 1.0}[str(text.get("text-anchor"))]
        wide = 0.56 * size * len(said)
        assert x - start * wide > -6 and x + (1 - start) * wide < WIDTH + 6, said
        assert not re.fullmatch(r"-?inf|nan", said)


def test_people_are_told_of_or_asked_about_and_the_graph_states_all(graph: kgwb.KnowledgeGraph) -> None:
    wordings = {"speaks": ["{head} speaks {tail}.", "The tongue of {head} is {tail}."]}
    questions = kgwb.make_questions(kgwb.verbalise(graph, wordings=wordings), graph, relations=["speaks"])
    parts = lesson.split_people(questions, 4, seed=2)
    heads = [{each.head for each in part} for part in (parts.text, parts.valid, parts.exam)]
    assert [len(each) for each in heads] == [2, 1, 1] and len(set.union(*heads)) == 4
    assert {each.head for each in parts.graph} == {each.head for each in parts.shuffled} == set.union(*heads)
    assert [len(part) for part in (parts.text, parts.graph, parts.shuffled, parts.valid)] == [4, 4, 4, 2]
    truth = set(map(tuple, graph.triples.tolist()))
    assert {(each.head, each.relation, each.answer) for each in parts.graph} <= truth
    assert not {(each.head, each.relation, each.answer) for each in parts.shuffled} & truth
    assert {each.text for each in parts.graph} == {each.text for each in parts.shuffled}
    assert repr(parts) == "TwoTeachers: questions of text 4, graph 4, shuffled 4, valid 2, exam 2"
    told = [frozenset(each.head for each in lesson.split_people(questions, 4, seed=seed).text) for seed in range(8)]
    assert len(set(told)) > 1


def test_epochs_make_about_so_many_steps(questions: Questions) -> None:
    one, two = (SimpleNamespace(questions=range(count)) for count in (100, 330))
    assert lesson.count_epochs(one, 40) == 10  # of 4 steps
    assert lesson.count_epochs({"one": one, "two": two}, 44) == 4  # of 11
    assert lesson.count_epochs(two, 3) == 1 and lesson.count_epochs(one, 8, batch=50) == 4
    steps = list(
        kgwb.tune(
            kgwb.load_bert("minilm"),
            kgwb.MaskedAnswers(questions),
            epochs=lesson.count_epochs(kgwb.MaskedAnswers(questions), 2),
        )
    )
    assert len(steps) == 2


def test_shuffled_facts_are_all_wrong_and_the_others_stay(graph: kgwb.KnowledgeGraph) -> None:
    for seed in range(5):
        shuffled = lesson.shuffle_relations(graph, ["speaks"], seed=seed)
        truth, told = (set(map(tuple, each.triples.tolist())) for each in (graph, shuffled))
        speaks = graph.relation_id("speaks")
        assert told & truth == {fact for fact in truth if fact[1] != speaks}
        assert sorted(fact[0] for fact in told if fact[1] == speaks) == sorted(
            fact[0] for fact in truth if fact[1] == speaks
        )
    assert shuffled.labels == graph.labels and len(graph.triples) == len(FACTS)


def test_moves_are_those_of_the_weights(tuned: dict[str, Bert]) -> None:
    start = tuned["start"]
    moves = lesson.tabulate_moves(start, {name: tuned[name] for name in ("biases", "lora")})
    for name in ("biases", "lora"):
        changes = compare_weights(start, tuned[name])
        mine = moves[moves["model"] == name]
        assert mine["changed"].sum() == changes["changed"].sum() > 0
        total = (mine["moved"] ** 2 * mine["numbers"]).sum()
        assert total == pytest.approx((changes["distance"] ** 2).sum())
    old, new = start.state_dict(), tuned["biases"].state_dict()
    layer = [name for name in old if ".layer.3." in name]
    squares = sum(float((new[name] - old[name]).double().square().sum()) for name in layer)
    counts = sum(old[name].numel() for name in layer)
    row = moves[(moves["model"] == "biases") & (moves["part"] == "layer 3")].iloc[0]
    assert row["moved"] == pytest.approx((squares / counts) ** 0.5)
    added = moves[(moves["model"] == "lora") & moves["added"]]
    assert added["numbers"].sum() == sum(p.numel() for p in tuned["lora"].additions["lora"].parameters())
    own = moves[(moves["model"] == "lora") & ~moves["added"] & moves["part"].str.startswith("layer")]
    assert (own["moved"] == 0).all()


def test_policies_are_summarised_in_a_row_each() -> None:
    moves = pd.DataFrame({"model": ["a", "a", "b"], "changed": [2, 3, 7]})
    costs = {name: TuningCost(4, 0.31, trained, 90, 0) for name, trained in (("b", 8), ("a", 9), ("twin", 9))}
    table = shares.summarise_policies(costs, moves, {"before": 0.1, "a": 0.5, "b": 0.251, "twin": 0.2}, 100)
    assert list(table.index) == ["before", "a", "b", "twin"]
    assert table.loc["a"].tolist() == [1.2, 9, 5, 0.5, ".40 to .60"] and table.loc["b", "right"] == 0.25
    assert table.loc["before"].isna().sum() == 3 and table.loc["twin"].isna().sum() == 1
    assert table.columns[-1] == "95 % interval, n = 100"


def test_the_picture_of_moves_has_a_mark_for_each_row(tuned: dict[str, Bert]) -> None:
    names = {"only the biases": "biases", "LoRA beside the layers": "lora", "a third": "biases", "a fourth": "lora"}
    moves = lesson.tabulate_moves(tuned["start"], {name: tuned[which] for name, which in names.items()})
    moves.loc[moves["part"] == "layer 0", "moved"] *= 4  # biases alone may move all alike
    picture = pictures.draw_weight_moves(moves)
    _expect_legible(picture)
    dots = [each for each in ElementTree.fromstring(picture.svg).iter() if each.get("r") == "4.5"]
    assert len(dots) == (moves["moved"] > 0).sum()
    assert sum(each.get("class") == "injected" for each in dots) == ((moves["moved"] > 0) & moves["added"]).sum()
    assert picture.svg.count('class="paper line-muted"') == (moves["moved"] == 0).sum() + 1  # and one in the legend
    mine = moves[moves["model"] == "only the biases"]
    assert f"only the biases {mine['changed'].sum():,} of {mine['numbers'].sum():,}" in repr(picture)
    # The farther dot lies to the right: of the same panel, in the order of what moved.
    one = mine[mine["moved"] > 0].set_index("part")["moved"]
    at = {float(each.get("cy", 0)): float(each.get("cx", 0)) for each in dots[: len(one)]}
    rows = pictures.order_parts(moves["part"].unique())
    placed = pd.Series({part: at[44 + (rows.index(part) + 0.5) * 22] for part in one.index})
    assert placed[one.sort_values().index].is_monotonic_increasing and placed.nunique() > 1


def test_nothing_moved_is_still_a_picture(tuned: dict[str, Bert]) -> None:
    picture = pictures.draw_weight_moves(lesson.tabulate_moves(tuned["start"], {"untouched": tuned["start"]}))
    assert "untouched 0 of" in repr(picture)
    _expect_legible(picture)


def _make_steps(count: int, sign: float = 1.0) -> list[Step]:
    parts = {"embeddings": 0.3, "layer 0": -0.2, "head": 0.1}
    return [
        Step(
            n,
            1.0,
            0.0,
            None,
            count,
            agreement=(Agreement(("a", "b"), sign * n / count, {p: v * n / count for p, v in parts.items()}),),
        )
        for n in range(1, count + 1)
    ]


def test_agreement_is_a_row_for_each_step() -> None:
    table = lesson.tabulate_agreement(_make_steps(4))
    assert table["whole"].tolist() == [0.25, 0.5, 0.75, 1.0] and list(table.index) == [1, 2, 3, 4]
    assert table.loc[4, "layer 0"] == -0.2
    with pytest.raises(ValueError, match=r"No step came from two tasks\. Expected .*strategy='joint'"):
        lesson.tabulate_agreement([Step(1, 1.0, 0.0, None, 1)])


def test_the_picture_of_agreement_shows_every_part_and_its_sign() -> None:
    table = lesson.tabulate_agreement(_make_steps(40))
    picture = pictures.draw_agreement(table, control=lesson.tabulate_agreement(_make_steps(40, -0.5)))
    _expect_legible(picture)
    first, last = table["whole"][:13].mean(), table["whole"][-13:].mean()
    assert f"{first:+.2f} in the first third of 40 steps and {last:+.2f} in the last, below zero in 0;" in repr(picture)
    said = f"with facts shuffled {-first / 2:+.2f} in the first third of 40 steps and {-last / 2:+.2f} in the last."
    assert said in repr(picture) and "stroke-dasharray" in picture.svg
    cells = [each for each in ElementTree.fromstring(picture.svg).iter() if each.get("fill-opacity")]
    assert len(cells) == 3 * 24
    binned = pictures.bin_steps(table.drop(columns="whole"))
    strongest = binned.abs().max().max()
    expected = [(binned[part] / strongest).tolist() for part in ("head", "layer 0", "embeddings")]
    drawn = [float(each.get("fill-opacity", 0)) * (1 if each.get("fill") == pictures._AGREES else -1) for each in cells]
    np.testing.assert_allclose(drawn, np.concatenate(expected), atol=6e-4)


def test_one_step_of_agreement_is_still_a_picture() -> None:
    picture = pictures.draw_agreement(lesson.tabulate_agreement(_make_steps(1)))
    _expect_legible(picture)
    assert "gradients agree" in picture.svg and "they conflict" in picture.svg


def test_a_legend_names_what_is_drawn_and_nothing_else() -> None:
    agreeing = lesson.tabulate_agreement(_make_steps(3)).drop(columns="layer 0")
    svg = pictures.draw_agreement(agreeing).svg
    assert "gradients agree" in svg and "they conflict" not in svg and "facts shuffled" not in svg
    moves = pd.DataFrame({"model": "full", "part": ["head", "layer 0"], "added": False, "moved": [0.1, 0.2]})
    svg = pictures.draw_weight_moves(moves.assign(numbers=4, changed=4)).svg
    assert "own numbers" in svg and "unchanged" not in svg and "the door" not in svg


def test_shifts_are_those_of_noise_of_one_length(tuned: dict[str, Bert], questions: Questions) -> None:
    bert = tuned["start"]
    table = lesson.measure_shifts(bert, questions, row=1, size=0.3, steps=2, draws=3, seed=1)
    pieces = pictures.take_pieces(table)
    assert pieces == ["[CLS]", *bert.tokenizer.tokenize("Bo speaks [MASK]."), "[SEP]"]
    assert list(table.index.get_level_values("place").unique()) == list(range(bert.layers + 1))
    encoding = encode_sentences(bert, ["Bo speaks [MASK]."])
    calm = bert.observe(encoding)
    lengths = [float(state[0, 2].detach().norm()) for state in calm.hidden]
    np.testing.assert_allclose(table.xs(2, level="token")["length"], lengths, rtol=1e-4)
    # After the embeddings' norm, noise of one length has shifted every piece, and found noise about as far as drawn noise.
    start = table.loc[0]
    assert (start["found"] > 0).all() and (start["drawn"] > 0).all()
    assert start["found"].mean() == pytest.approx(start["drawn"].mean(), rel=0.35)
    assert not table.equals(lesson.measure_shifts(bert, questions, row=1, size=0.3, steps=2, draws=3, seed=2))
    none = lesson.measure_shifts(bert, questions, row=1, size=1e-6, steps=1, draws=1)
    assert none["found"].max() < 1e-2


def test_found_noise_makes_the_right_answer_less_likely_than_drawn(
    tuned: dict[str, Bert], questions: Questions
) -> None:
    """The noise whose shifts are shown is the adversary's: it is told apart by the loss that it causes."""
    bert, task = tuned["start"], kgwb.MaskedAnswers(questions[:1]).prepare(tuned["start"])
    losses = {}
    size = 0.3 * measure_word(bert)
    noise = lesson.find_long_noise(bert, task, size=0.3, steps=3)
    assert torch.allclose(noise[0].norm(dim=-1), torch.tensor(size), rtol=1e-4)
    generator = torch.Generator().manual_seed(0)
    for name, added in (("found", noise[0]), ("drawn", None)):
        given = added
        if given is None:
            given = torch.randn(noise[0].shape, generator=generator)
            given = size * given / given.norm(dim=-1, keepdim=True)
        losses[name] = task.loss(disturb_words(bert, lambda words, _, given=given: words + given), [0]).item()
    assert losses["found"] > losses["drawn"]


def test_the_picture_of_shifts_writes_the_numbers_of_its_table(tuned: dict[str, Bert], questions: Questions) -> None:
    table = lesson.measure_shifts(tuned["start"], questions, steps=1, draws=2)
    picture = pictures.draw_shifts({"tuned": table, "tuned against an adversary": table})
    _expect_legible(picture)
    written = [text.text for text in _list_texts(picture) if re.fullmatch(r"\d+\.\d\d", text.text or "")]
    drawn, found = (pictures.share_shifts(table, kind).to_numpy().flatten() for kind in ("drawn", "found"))
    assert written == [f"{value:.2f}" for value in (*drawn, *found)] * 2
    mask = table[table["piece"] == "[MASK]"].iloc[-1]
    assert f"{mask['found'] / mask['length']:.2f} by found noise" in repr(picture)


def test_shifts_of_two_sentences_are_refused(tuned: dict[str, Bert], questions: Questions) -> None:
    tables = {str(row): lesson.measure_shifts(tuned["start"], questions, row=row, steps=1, draws=1) for row in (0, 1)}
    with pytest.raises(ValueError, match=r"Shifts of 2 sentences came\. Expected those of one sentence.*draw_shifts"):
        pictures.draw_shifts(tables)
