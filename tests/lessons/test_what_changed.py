"""What notebook 08 measures, against independent computations, and what it draws and tells its learners."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test
from sklearn.metrics.pairwise import cosine_similarity

import kgwb
from kgwb.bert import Reading
from kgwb.graph import Mention, Sentence
from kgwb.learn import Question, Questions
from kgwb.lessons import head_habits, what_changed

PEOPLE = ("Ada", "Bo", "Cy", "Di")
TONGUES, GUILDS = ("Ket", "Sol", "Ket", "Sol"), ("Ru", "Vi", "Vi", "Ru")
FACTS = [(name, "speaks", tongue) for name, tongue in zip(PEOPLE, TONGUES, strict=True)]
FACTS += [(name, "member of", guild) for name, guild in zip(PEOPLE, GUILDS, strict=True)]


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.fixture(scope="module")
def questions(graph: kgwb.KnowledgeGraph) -> Questions:
    """Everybody's guild, then everybody's language."""
    items = []
    for relation, tails in (("member of", ("Ru", "Vi")), ("speaks", ("Ket", "Sol"))):
        candidates = tuple(graph.entity_id(tail) for tail in tails)
        for name, asked, tail in FACTS:
            if asked == relation:
                head = graph.entity_id(name)
                text = f"{name} {relation} [MASK]."
                answer, number = graph.entity_id(tail), graph.relation_id(relation)
                items.append(Question(text, (Mention(0, len(name), head),), head, number, answer, candidates, tails))
    return Questions(graph, tuple(items))


def _make_reading(
    attention: torch.Tensor,
    hidden: torch.Tensor | None = None,
    slots: torch.Tensor | None = None,
    facts: tuple[tuple[tuple[int, int, int], ...], ...] = (),
) -> Reading:
    """Of sentences "[CLS] [MASK] [SEP]"."""
    count, layers, _, length, _ = attention.shape
    return Reading(
        sentences=("[MASK]",) * count,
        tokens=(("[CLS]", "[MASK]", "[SEP]"),) * count,
        mentions=((),) * count,
        attention=attention,
        hidden=torch.zeros(count, layers + 1, length, 2) if hidden is None else hidden,
        injected=((False,) * length,) * count,
        slots=slots,
        facts=facts,
    )


def _draw_attention(seed: int, count: int = 3) -> torch.Tensor:
    return torch.randn(count, 2, 2, 3, 3, generator=torch.Generator().manual_seed(seed)).softmax(-1)


@given(st.integers(0, 1000), st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None)
def test_what_is_diluted_has_changed_before_it_is_renormalised_and_not_after(seed: int, left: float) -> None:
    before = _draw_attention(seed)
    table = what_changed.compare_rows(_make_reading(before), _make_reading(left * before))
    np.testing.assert_allclose(table["to facts"], 1 - left, atol=1e-6)
    np.testing.assert_allclose(table["change"], (1 - left) / 2, atol=1e-6)
    np.testing.assert_allclose(table["renormalised"], 0, atol=1e-6)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_change_is_counted_at_the_mask_alone(seed: int) -> None:
    before, after = _draw_attention(seed), _draw_attention(seed + 1)
    table = what_changed.compare_rows(_make_reading(before), _make_reading(after))
    expected = [
        np.mean(
            [
                float((before[s, layer, h, 1] - after[s, layer, h, 1]).abs().sum()) / 2
                for s in range(3)
                for h in range(2)
            ]
        )
        for layer in range(2)
    ]
    np.testing.assert_allclose(table["change"], expected, atol=1e-6)
    np.testing.assert_allclose(table["renormalised"], expected, atol=1e-6)
    np.testing.assert_allclose(table["to facts"], 0, atol=1e-6)


def test_a_head_that_left_the_words_says_nothing_of_how_they_share() -> None:
    before = _draw_attention(0)
    after = before.clone()
    after[:, 0, 0] = 0.0
    table = what_changed.compare_rows(_make_reading(before), _make_reading(after))
    assert table.loc["layer 0", "to facts"] == pytest.approx(0.5, abs=1e-6)
    assert table["renormalised"].tolist() == pytest.approx([0, 0], abs=1e-6)


def test_a_state_that_doubles_has_moved_by_its_length() -> None:
    hidden = torch.randn(3, 3, 3, 2, generator=torch.Generator().manual_seed(0))
    longer = hidden.clone()
    longer[:, 2, 1] *= 2
    longer[:, 1, 0] += 5  # [CLS] does not count
    before, after = (_make_reading(_draw_attention(0), each) for each in (hidden, longer))
    assert what_changed.compare_states(before, after).tolist() == pytest.approx([0, 0, 1])


def test_answers_are_shared_among_questions_of_one_relation(questions: Questions) -> None:
    hidden = torch.randn(8, 3, 3, 2, generator=torch.Generator().manual_seed(1))
    found = what_changed.share_answers(_make_reading(_draw_attention(0, 8), hidden), questions, neighbours=1)
    assert list(found.index) == ["layer 0", "layer 1", "layer 2", "chance"]
    for layer in range(3):
        right = []
        for rows in (range(4), range(4, 8)):
            cosines = cosine_similarity(hidden[list(rows), layer, 1].numpy())
            np.fill_diagonal(cosines, -2)
            nearest = cosines.argmax(1)
            right += [questions[rows[i]].answer == questions[rows[j]].answer for i, j in enumerate(nearest)]
        assert found.iloc[layer] == pytest.approx(np.mean(right))
    assert found["chance"] == pytest.approx(1 / 3)  # of three others, one has the same answer


def test_the_most_similar_question_is_of_the_same_relation(questions: Questions) -> None:
    hidden = torch.zeros(8, 3, 3, 2)
    hidden[:, :, 1] = torch.tensor([[1.0, 0], [0, 1], [1, 1], [1, 0.1], [1, 0], [1, 0], [1, 0], [1, 0]])[:, None]
    reading = _make_reading(_draw_attention(0, 8), hidden)
    assert what_changed.list_similar(reading, questions, count=2) == ["Di (Ru)", "Cy (Vi)"]


@pytest.fixture
def remembered(questions: Questions) -> Reading:
    """A head that looks at the guild whatever is asked, and one that looks at what is asked; in layer 1 only."""
    facts = tuple(tuple(map(tuple, _facts_of(questions, question))) for question in questions)
    slots = torch.zeros(8, 2, 2, 3, 2)
    for row, question in enumerate(questions):
        for slot, fact in enumerate(facts[row]):
            slots[row, 1, 0, 1, slot] = 0.75 if questions.graph.relation_labels[fact[1]] == "member of" else 0.0
            slots[row, 1, 1, 1, slot] = 0.5 + row / 100 if fact[1] == question.relation else 0.125
    attention = torch.full((8, 2, 2, 3, 3), 1 / 3) * (1 - slots.sum(-1, keepdim=True))
    return _make_reading(attention, slots=slots, facts=facts)


def _facts_of(questions: Questions, question: Question) -> list[list[int]]:
    return [fact for fact in questions.graph.triples.tolist() if fact[0] == question.head]


def test_a_habit_is_the_same_whether_it_is_asked_or_not(remembered: Reading, questions: Questions) -> None:
    habits = head_habits.list_habits(remembered, questions)
    assert list(habits.index) == [(name, 1, head) for name in ("member of", "speaks") for head in (0, 1)]
    assert habits.loc[("member of", 1, 0)].tolist() == pytest.approx([0.75, 0.75])
    assert habits.loc[("member of", 1, 1)].tolist() == pytest.approx([0.5 + 1.5 / 100, 0.125])
    assert habits.loc[("speaks", 1, 0)].tolist() == pytest.approx([0, 0])
    assert habits.loc[("speaks", 1, 1)].tolist() == pytest.approx([0.5 + 5.5 / 100, 0.125])


def test_heads_of_one_sentence_are_asked_about_all_people(remembered: Reading, questions: Questions) -> None:
    table = head_habits.compare_heads(remembered, questions, most=2)
    assert list(table.index) == [(1, 0), (1, 1)]
    assert table.loc[(1, 0), ["this sentence", "asked", "not asked", "difference"]].tolist() == pytest.approx(
        [0.75, 0.75, 0.75, 0]
    )
    assert table.loc[(1, 1), "difference"] == pytest.approx(0.375 + 1.5 / 100)
    assert table.loc[(1, 0), "p"] == 1
    assert table.loc[(1, 1), "p"] == pytest.approx(2 / 2**4, abs=0.02)  # four people


def test_without_a_memory_there_are_no_habits(questions: Questions) -> None:
    with pytest.raises(ValueError, match=r"'bert' has no memory\. Type kgwb\.inject\(bert, vectors, mode='memory'\)"):
        head_habits.list_habits(_make_reading(_draw_attention(0, 8)), questions)


def test_differences_of_a_head_are_those_behind_its_mean(remembered: Reading, questions: Questions) -> None:
    differences = head_habits.list_differences(remembered, questions, layer=1, head=1)
    assert differences == pytest.approx([0.375 + row / 100 for row in range(4)])
    table = head_habits.compare_heads(remembered, questions, most=2)
    assert np.mean(differences) == pytest.approx(table.loc[(1, 1), "difference"])


@pytest.mark.parametrize("seed", range(4))
def test_few_signs_are_all_gone_through_and_agree_with_scipy(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.4, 1, 9)
    scipys = permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert head_habits.permute_signs(differences) == pytest.approx(scipys, abs=1e-9)
    drawn = head_habits.permute_signs(differences, draws=500)
    assert drawn == pytest.approx(scipys, abs=0.06)


def test_random_signs_agree_with_scipy() -> None:
    differences = np.random.default_rng(1).normal(0.2, 1, 15)
    scipys = permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert head_habits.permute_signs(differences) == pytest.approx(scipys, abs=0.015)


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_a_change_of_rows_has_the_mean_that_the_table_has(seed: int) -> None:
    before, after = _make_reading(_draw_attention(seed)), _make_reading(0.5 * _draw_attention(seed + 1))
    table = what_changed.compare_rows(before, after)["renormalised"]

    def change(one: list[float], other: list[float]) -> float:
        return sum(abs(b / sum(one) - a / sum(other)) for b, a in zip(one, other, strict=True)) / 2

    for layer in range(2):
        assert what_changed.average_changes(change, before, after, layer) == pytest.approx(table.iloc[layer], abs=1e-5)


def test_a_balance_hides_what_was_gained_and_lost() -> None:
    before = pd.Series([True, True, False, False])
    table = what_changed.tabulate_answers(before, {"tuned": pd.Series([False, True, True, False])})
    assert table.loc["tuned"].tolist() == [0.5, 1, 1]
    assert table.loc["before"].tolist() == [0.5, 0, 0]


def test_a_fact_has_the_effect_that_leaving_it_out_has(graph: kgwb.KnowledgeGraph, questions: Questions) -> None:
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
    model = kgwb.inject(kgwb.load_bert(), vectors, mode="memory")
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(questions), epochs=1):
        pass
    part = Questions(graph, (questions[0], questions[4]))
    reading = kgwb.read(model, [Sentence(each.text, each.mentions) for each in part])
    table = what_changed.weigh_facts(model, reading, part)
    whole = kgwb.learn.answer_questions(model, part)["probability"]
    for row, question in enumerate(part):
        for ending, relation in (("", question.relation), (", other", 1 - question.relation)):
            [fact] = [each for each in _facts_of(part, question) if each[1] == relation]
            with model.injector.without_facts([fact]):  # type: ignore[union-attr]
                without = kgwb.learn.answer_questions(model, part)["probability"]
            assert table[f"effect{ending}"].iloc[row] == pytest.approx(whole[row] - without[row], abs=1e-5)
    assert reading.slots is not None
    mask, slot = reading.tokens[0].index("[MASK]"), [f[1] for f in reading.facts[0]].index(part[0].relation)
    reads = [layer for layer in range(6) if bool(reading.slots[:, layer].any())]
    assert table["attention"].iloc[0] == pytest.approx(float(reading.slots[0, reads, :, mask, slot].mean()), abs=1e-6)
    assert set(table["rank"]) <= {1, 2}


def test_habits_and_facts_are_drawn_once_each(remembered: Reading, questions: Questions) -> None:
    habits = head_habits.list_habits(remembered, questions)
    facts = pd.DataFrame(
        {"attention": [0.1, 0.2], "attention, other": [0.3, 0.1], "effect": [0.9, 0.7], "effect, other": [0.0, 0.0]}
    )
    picture = head_habits.draw_habits(habits, facts)
    assert "asked or not differs by at most 0.43 for all 4 pairs" in repr(picture)
    assert "costs 0.80 if asked for and 0.00 if not" in repr(picture)
    dots = [mark for mark in ElementTree.fromstring(picture.svg).iter() if mark.get("r") == "4"]
    assert len(dots) == 4 + 2 * 2


def test_five_measures_come_from_the_same_readings(remembered: Reading, questions: Questions) -> None:
    plain = replace(remembered, attention=torch.full((8, 2, 2, 3, 3), 1 / 3), slots=None, facts=())
    plain = replace(plain, hidden=torch.ones(8, 3, 3, 2))
    after = replace(remembered, hidden=2 * torch.ones(8, 3, 3, 2))
    found = what_changed.summarise_change(plain, after, questions, 0.5, layers=[1])
    expected = float(remembered.slots[:, 1, :, 1].sum(-1).mean())  # type: ignore[index]
    nearest = what_changed.share_answers(after, questions)["layer 2"]
    assert list(found.values()) == pytest.approx([expected, 0, 1, nearest, 0.5], abs=1e-6)


def test_dilution_is_no_change_and_a_balance_no_count() -> None:
    diluted = what_changed.check_word_change(lambda before, after: sum(map(abs, np.subtract(before, after))) / 2)
    assert "gave      0.25" in repr(diluted) and "expected  0" in repr(diluted)
    balance = what_changed.check_count_changes(lambda before, after: (sum(after) - sum(before), 0))
    assert "expected  (1, 1)" in repr(balance)
    one_way = what_changed.check_permutation_p(lambda differences: 1 / 2 ** len(differences))
    assert "expected  0.5" in repr(one_way)
