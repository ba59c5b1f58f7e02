"""Episodes: what is drawn, the loss of prototypical networks, and how well queries are answered."""

from __future__ import annotations

import copy
import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, MOODS, STATED

import kgwb
from kgwb.bert import Bert
from kgwb.learn import Episodes, RelationClasses, TextClasses, score_episodes
from kgwb.learn.few_shot.prototypes import place_prototypes, score_states

WORDS = "bread cloud horse paper river stone".split()
SEEN = "apple bridge candle doctor engine forest glass hammer island jacket".split()
SEEN += "kettle ladder mirror needle orange pencil rabbit saddle ticket umbrella".split()
FILLERS = "old new red small some every that this near far".split()


def write_texts(words: list[str], rows: int = 8, seed: int = 0) -> pd.DataFrame:
    """Texts whose label is the word that they hold, among others that say nothing."""
    random = np.random.default_rng(seed)
    texts = [
        (" ".join(random.permutation([word, *random.choice(FILLERS, 5)])), word) for word in words for _ in range(rows)
    ]
    return pd.DataFrame(texts, columns=["text", "label"])


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return write_texts(WORDS[:4])


def test_supports_and_queries_are_rows_of_their_labels_and_never_the_same(small_bert, frame):
    drawn = Episodes(TextClasses(frame), 3, shots=2, queries=3, count=20).prepare(small_bert)
    assert drawn.supports.shape == (20, 3, 2) and drawn.queries.shape == (20, 3, 3) and len(drawn) == 20
    both = torch.cat([drawn.supports, drawn.queries], dim=2)
    for labels, rows in zip(drawn.labels, both, strict=True):
        assert len(set(labels)) == 3
        for label, some in zip(labels, rows.tolist(), strict=True):
            assert len(set(some)) == 5 and set(frame["label"].iloc[some]) == {label}
    assert len(set(drawn.labels)) > 1 and len(both.unique()) > 20


def test_an_episode_is_known_by_its_number_and_the_seed(small_bert, frame):
    few, many, other = (
        Episodes(TextClasses(frame), 3, count=count, seed=seed).prepare(small_bert)
        for count, seed in ((3, 0), (9, 0), (3, 1))
    )
    assert few.labels == many.labels[:3] and torch.equal(few.queries, many.queries[:3])
    assert not torch.equal(few.queries, other.queries)


def test_the_loss_is_that_of_the_nearest_prototype(small_bert, frame):
    prepared = Episodes(TextClasses(frame), 3, shots=2, queries=2, count=4, scale=3.0).prepare(small_bert)
    losses = []
    for row in (1, 3):
        states = {
            int(text): TextClasses.look(small_bert, prepared.examples, [int(text)])[0]
            for text in torch.cat([prepared.supports[row], prepared.queries[row]]).flatten()
        }
        means = [torch.stack([states[text] for text in some]).mean(0) for some in prepared.supports[row].tolist()]
        for right, texts in enumerate(prepared.queries[row].tolist()):
            for text in texts:
                logits = torch.stack([-3.0 * (states[text] - mean).square().sum() for mean in means])
                losses.append(-logits.log_softmax(0)[right])
    torch.testing.assert_close(prepared.loss(small_bert, [1, 3]), torch.stack(losses).mean())


def test_prototypes_as_a_head_are_the_squared_distance_but_for_what_all_labels_share():
    torch.manual_seed(0)
    supports, queries = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 6, 5)
    distances = (queries[:, :, :, None] - supports.mean(2)[:, None, None]).square().sum(-1)
    given = score_states(queries, *place_prototypes(supports, 0.7))
    torch.testing.assert_close(given.log_softmax(-1), (-0.7 * distances).log_softmax(-1))


def test_coarse_matmuls_do_not_blur_distances():
    torch.manual_seed(0)
    supports = 10 + 0.01 * torch.randn(3, 2, 8)
    exact = score_states(supports, *place_prototypes(supports, 1.0))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(score_states(supports, *place_prototypes(supports, 1.0)), exact)


@pytest.mark.parametrize("shuffled", [False, True], ids=["right labels", "shuffled labels"])
def test_what_is_learnt_from_some_labels_tells_others_apart(bert, shuffled):
    seen, unseen = write_texts(SEEN, 10), write_texts(WORDS, 10, seed=1)
    if shuffled:
        seen = seen.assign(label=np.random.default_rng(0).permutation(seen["label"]))
    asked = Episodes(TextClasses(unseen), 5, queries=5, count=100, seed=1)
    before = score_episodes(bert, asked)
    options = {"epochs": 1, "batch": 4, "policy": "full", "learning_rate": 3e-3, "precision": "float32"}
    steps = list(kgwb.tune(bert, Episodes(TextClasses(seen), 5, queries=5, count=240), **options))
    assert len(steps) == 60 and steps[-1].task == "Episodes"
    after = score_episodes(bert, asked)
    if shuffled:
        assert after.accuracy < before.accuracy + 0.1
    else:
        assert after.accuracy > before.accuracy + 0.3 and after.interval[0] > before.interval[1]
    assert not bert.heads, "episodes need no head"


@pytest.mark.parametrize(
    "task", [TextClasses(MOODS), RelationClasses(STATED[:4]), FRAMED["TextClasses, numbers"]], ids=str
)
def test_every_task_with_one_label_a_row_has_episodes(small_bert, task):
    task = task if isinstance(task, (TextClasses, RelationClasses)) else task.make(task.frame)
    frame = task.frame.copy(deep=True)
    score = score_episodes(small_bert, Episodes(task, 2, queries=1, count=6))
    assert len(score.frame) == 6 and 0 <= score.accuracy <= 1 and score.chance == 0.5
    pd.testing.assert_frame_equal(task.frame, frame)


def test_the_score_is_the_mean_over_episodes_with_its_interval(small_bert, frame):
    episodes = Episodes(TextClasses(frame), 3, shots=2, queries=4, count=50)
    score = score_episodes(small_bert, episodes)
    prepared = episodes.prepare(small_bert)
    right = []
    with torch.no_grad():
        for row in range(50):
            states = prepared.look(small_bert, torch.cat([prepared.supports[row], prepared.queries[row]], dim=1))
            means = states[:, :2].mean(1)  # [way, width]
            nearest = torch.cdist(states[:, 2:].reshape(-1, states.shape[-1]), means).argmin(1).reshape(3, 4)
            right.append(float((nearest == torch.arange(3)[:, None]).float().mean()))
    np.testing.assert_allclose(score.frame["accuracy"], right, atol=1e-6)
    assert score.frame["labels"].tolist() == list(prepared.labels)
    half = 1.96 * np.std(right, ddof=1) / math.sqrt(50)
    assert score.accuracy == pytest.approx(np.mean(right)) and score.interval == pytest.approx(
        (np.mean(right) - half, np.mean(right) + half)
    )
    low, high = score.interval
    said = f"accuracy {score.accuracy:.3f} (95 %: {low:.3f} to {high:.3f}; chance 0.333)"
    assert repr(score) == f"50 episodes, 3 ways, 2 shots: {said}"


def test_adapting_to_supports_leaves_the_model_as_it_was_and_answers_differently(bert, frame):
    kept = copy.deepcopy(bert.state_dict())
    episodes = Episodes(TextClasses(frame), 4, shots=3, queries=4, count=15)
    plain = score_episodes(bert, episodes)
    adapted = score_episodes(bert, episodes, adapt_steps=10, adapt_rate=0.3, parts=["all"])
    barely = score_episodes(bert, episodes, adapt_steps=1, adapt_rate=1e-9)
    assert all(torch.equal(value, kept[name]) for name, value in bert.state_dict().items())
    assert barely.frame.equals(plain.frame) and not adapted.frame.equals(plain.frame)


def test_a_text_is_read_in_its_place_whatever_stands_beside_it(small_bert, frame):
    prepared = Episodes(TextClasses(frame), 3, count=2).prepare(small_bert)
    texts = torch.tensor([[5, 0], [3, 5]])
    with torch.no_grad():
        found = prepared.look(small_bert, texts, batch=2)
        alone = torch.stack([prepared.look(small_bert, torch.tensor([i]))[0] for i in (5, 0, 3, 5)])
    torch.testing.assert_close(found.reshape(4, -1), alone, atol=1e-5, rtol=1e-4)


WRONG = {
    "ways": (lambda f: Episodes(TextClasses(f), 1), "ways=1 came. It must be at least 2; type ways=2."),
    "shots": (lambda f: Episodes(TextClasses(f), 2, shots=0), "shots=0 came. It must be at least 1; type shots=1."),
    "queries": (lambda f: Episodes(TextClasses(f), 2, queries=0), "queries=0 came. It must be at least 1"),
    "count": (lambda f: Episodes(TextClasses(f), 2, count=0), "count=0 came. It must be at least 1"),
    "scale": (
        lambda f: Episodes(TextClasses(f), 2, scale=0.0),
        "scale=0.0 came. It must be a number above 0; type scale=5.0.",
    ),
    "seed": (lambda f: Episodes(TextClasses(f), 2, seed=-1), "seed=-1 came."),
    "labels": (
        lambda f: Episodes(TextClasses(f), 5),
        "ways=5 came, and the frame has 4 labels: ['bread', 'cloud', 'horse', 'paper']. Expected at least as many labels as "
        "ways; type kgwb.learn.Episodes(task, 4).",
    ),
    "rows": (
        lambda f: Episodes(TextClasses(f[5:]), 2, shots=1, queries=5),
        "An episode of shots=1 and queries=5 takes 6 rows of a label; of 4 labels 1 have fewer: 'bread' 3. Type fewer "
        "queries, or leave such labels out: frame.groupby('label').filter(lambda rows: len(rows) >= 6).",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_drawn_is_said_with_what_to_type(frame, wrong):
    call, said = WRONG[wrong]
    with pytest.raises(ValueError, match=re.escape(said)):
        call(frame)


@pytest.mark.parametrize("kind", ["EntityTags", "EntityTypes", "ClozeClasses", "MultipleChoice", "EntityLinks"])
def test_tasks_without_one_label_a_row_are_refused(kind):
    framed = FRAMED[kind]
    said = f"Episodes of {kind} came. Expected a task with one label a row, and a head that sees hidden states"
    with pytest.raises(TypeError, match=re.escape(said)):
        Episodes(framed.make(framed.frame, **framed.options), 2)


def test_wrong_numbers_of_the_score_are_refused(small_bert: Bert, frame):
    episodes = Episodes(TextClasses(frame), 2, count=2)
    for options, said in (
        ({"adapt_steps": -1}, "adapt_steps=-1 came. It must be at least 0; type adapt_steps=0."),
        ({"adapt_rate": 0.0}, "adapt_rate=0.0 came. It must be a number above 0; type adapt_rate=0.01."),
        ({"batch": 0}, "batch=0 came."),
        ({"parts": ("roof",)}, "The part 'roof' came."),
    ):
        with pytest.raises(ValueError, match=re.escape(said)):
            score_episodes(small_bert, episodes, **options)
