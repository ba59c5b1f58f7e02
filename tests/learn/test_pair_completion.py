"""Completing a graph by pairs: the loss is the one that is written down, wrong answers are the ranker's and not known."""

from __future__ import annotations

import copy
import json
import logging
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import normalize

import kgwb
from kgwb.bert import Bert, TaskHead
from kgwb.embed import fit_baseline
from kgwb.graph import KnowledgeGraph, Split
from kgwb.learn import PairCompletion, TextRanker, TextReranker
from kgwb.learn.completion.entity_texts import cut_entity_texts
from kgwb.learn.completion.pair_completion import score_pairs

FACTS = [
    *(("anna", "knows", "carl"), ("anna", "knows", "dora"), ("bert", "knows", "carl"), ("carl", "knows", "dora")),
    *(("carl", "lives_in", "Rome"), ("dora", "lives_in", "Oslo"), ("emil", "lives_in", "Oslo")),
]
ABOUT = {"Rome": "a city", "Oslo": "a city of the north", "emil": "a man of Oslo"}


@pytest.fixture(scope="module")
def split() -> Split:
    about = pd.DataFrame({"entity": list(ABOUT), "description": list(ABOUT.values())})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), about, name="people")
    held_out = np.arange(len(graph)) == 1
    return Split(graph, graph.triples[~held_out], graph.triples[:0], graph.triples[held_out])


@pytest.fixture(scope="module")
def ranker(small_bert, split) -> TextRanker:
    return TextRanker(small_bert, split, precision="float32")


@pytest.fixture
def bert(small_bert) -> Bert:
    return copy.deepcopy(small_bert)


def open_head(bert: Bert, name: str = "pair_completion") -> TaskHead:
    """A head that is no longer zero."""
    head = bert.heads[name]
    with torch.no_grad():
        head.weight.copy_(torch.linspace(-2, 2, head.weight.numel())[None])
        head.bias.fill_(0.25)
    return head


def say(graph: KnowledgeGraph, entity: int) -> str:
    return ": ".join(part for part in graph.entities.loc[entity, ["label", "description"]] if part)


def read_alone(bert: Bert, graph: KnowledgeGraph, head: TaskHead, step: int, known: int, answer: int) -> float:
    """A pair's logit by Hugging Face's own call, alone."""
    turned, relation = divmod(step, len(graph.relations))
    words = ("inverse of " if turned else "") + graph.relation_labels[relation].replace("_", " ")
    given = bert.tokenizer(f"{say(graph, known)} [SEP] {words}", say(graph, answer), return_tensors="pt")
    assert given["token_type_ids"].max() == 1
    hidden = bert.model.base_model(**given).last_hidden_state[0]
    query, answer = (normalize(hidden[given["token_type_ids"][0] == segment].mean(0), dim=0) for segment in (0, 1))
    return float(head.weight[0] @ (hidden.shape[1] * query * answer) + head.bias[0])


@torch.no_grad()
def test_the_loss_is_the_one_that_is_written_down(bert, split, ranker):
    task = PairCompletion(split, ranker, negatives=2, top=4).prepare(bert)
    head, rows = open_head(bert), [0, 2, 5, 7, 9]
    wrong = task.draw(rows)
    losses = []
    for (step, known, right), others in zip(task.questions[rows].tolist(), wrong.tolist(), strict=True):
        answers = [right, *(other for other in others if other >= 0)]
        scores = [math.exp(read_alone(bert, split.graph, head, step, known, answer)) for answer in answers]
        losses.append(-math.log(scores[0] / sum(scores)))
    assert float(task.measure(bert, rows, wrong)) == pytest.approx(sum(losses) / len(losses), abs=1e-4)
    assert max(losses) - min(losses) > 0.01


@torch.no_grad()
def test_a_pairs_logit_does_not_depend_on_padding_and_batch_mates(bert, split, ranker, monkeypatch):
    PairCompletion(split, ranker, top=4).prepare(bert)
    head = open_head(bert)
    texts = cut_entity_texts(bert, split.graph, longest=32, together=2)
    entities = len(split.graph.entities)
    known, answers = (grid.ravel() for grid in np.meshgrid(np.arange(entities), np.arange(entities)))
    step = np.arange(len(known)) % 4
    encoding = texts.encode_pairs(known, step, answers)
    together = score_pairs(bert, head, encoding)
    for row in range(0, len(known), 5):
        alone = read_alone(bert, split.graph, head, *(int(each[row]) for each in (step, known, answers)))
        assert float(together[row]) == pytest.approx(alone, abs=1e-4)
    monkeypatch.setattr("kgwb.learn.completion.entity_texts.PIECES_AT_ONCE", 40)
    assert torch.allclose(score_pairs(bert, head, encoding), together, atol=1e-5)
    assert together.std() > 0.01


@torch.no_grad()
def test_the_second_text_is_a_segment_of_its_own_and_a_model_without_segments_reads_without(bert, split):
    texts = cut_entity_texts(bert, split.graph, longest=32, together=2)
    encoding = texts.encode_pairs(np.array([0, 1]), np.array([0, 3]), np.array([4, 5]))
    separators = (encoding.pieces == bert.tokenizer.sep_token_id).cumsum(1)
    after = (separators >= 2) & ((separators > 2) | (encoding.pieces != bert.tokenizer.sep_token_id))
    assert torch.equal(encoding.segments, (after & encoding.is_token).long())
    assert torch.equal(encoding.select([1]).segments[0], encoding.segments[1, : encoding.is_token[1].sum()])
    read = bert(encoding).last_hidden_state
    without = bert(replace(encoding, segments=torch.zeros_like(encoding.pieces))).last_hidden_state
    assert not torch.allclose(read, without, atol=1e-3)
    bert.model.config.type_vocab_size = 1
    assert torch.equal(bert(encoding).last_hidden_state, without)


@torch.no_grad()
def test_what_a_door_sets_beside_a_word_belongs_to_the_words_segment(small_bert, vectors, sentences):
    model = kgwb.inject(small_bert, vectors, mode="entity", place="beside")
    for gate in (each for each in model.injector.parameters() if each.ndim == 0):
        gate.fill_(1.0)
    plain = kgwb.bert.encode_sentences(model, sentences[:2])
    read = model(plain).last_hidden_state
    zeros = torch.zeros_like(plain.pieces)
    assert not torch.equal(read, small_bert(plain).last_hidden_state)
    assert torch.equal(model(replace(plain, segments=zeros)).last_hidden_state, read)
    assert not torch.allclose(model(replace(plain, segments=zeros + 1)).last_hidden_state, read, atol=1e-3)


def test_wrong_answers_are_the_rankers_first_that_train_does_not_hold(bert, split, ranker):
    task = PairCompletion(split, ranker, negatives=2, top=3).prepare(bert)
    facts = {tuple(fact) for fact in split.train.tolist()}
    relations = len(split.graph.relations)
    assert len(task) == 2 * len(split.train)
    for (step, known, right), pool in zip(task.questions.tolist(), task.pool.tolist(), strict=True):
        turned, relation = divmod(step, relations)
        scores = ranker.score_answers(torch.tensor([known]), torch.tensor([relation]), tails=1 - turned)[0]

        def states(answer, given=known, asked=relation, back=turned):
            return (answer, asked, given) if back else (given, asked, answer)

        unknown = [e for e in scores.argsort(descending=True).tolist() if states(e) not in facts]
        assert states(right) in facts and pool == unknown[:3]


def test_wrong_answers_are_drawn_evenly_and_anew(bert, split, ranker):
    task = PairCompletion(split, ranker, negatives=2, top=4).prepare(bert)
    drawn = [task.draw([3]) for _ in range(400)]
    assert all(len(set(each[0])) == 2 and set(each[0]) <= set(task.pool[3]) for each in drawn)
    counts = np.bincount(np.concatenate(drawn).ravel(), minlength=len(split.graph.entities))[task.pool[3]]
    assert counts.min() > 150 and counts.max() < 250  # 200 each, were they counted often enough


def test_the_loss_falls_and_one_seed_gives_one_run(small_bert, split, ranker):
    options = {"policy": "full", "epochs": 30, "batch": 8, "learning_rate": 1e-3, "precision": "float32"}
    runs = []
    for seed in (0, 0, 1):
        model = copy.deepcopy(small_bert)
        task = PairCompletion(split, ranker, negatives=2, top=4, seed=seed)
        runs.append([step.loss for step in kgwb.tune(model, task, **options)])
    assert runs[0] == runs[1] != runs[2]
    assert runs[0][0] == pytest.approx(math.log(3), abs=1e-5)  # a head of zeros tells nothing apart
    assert np.mean(runs[0][-5:]) < 0.5 * runs[0][0]


def test_preparing_changes_nothing_but_the_head_which_is_taken_up_again(bert, split, ranker):
    before = copy.deepcopy(bert.model.state_dict())
    task = PairCompletion(split, ranker, top=4)
    first, again = task.prepare(bert), task.prepare(bert)
    assert first.head is again.head is bert.heads["pair_completion"]
    assert all(torch.equal(value, before[name]) for name, value in bert.model.state_dict().items())


FRESH = """
import json, sys, kgwb
split = kgwb.read_split(sys.argv[2])
model = kgwb.load_bert(sys.argv[1])
ranker = kgwb.embed.fit_baseline(split)
reranker = kgwb.learn.TextReranker(model, ranker, top=5, precision="float32")
import torch
scores = reranker.score_answers(torch.arange(6), torch.zeros(6, dtype=torch.long), tails=3)
print(json.dumps([scores.tolist(), sorted(reranker._logits.items())]))
"""


def test_a_head_is_saved_with_its_model_and_reads_the_same_to_the_bit_in_a_fresh_process(bert, split, tmp_path):
    kgwb.graph.write_split(split, tmp_path / "people")
    again = kgwb.read_split(tmp_path / "people")
    task = PairCompletion(again, fit_baseline(again), negatives=1, top=4)
    list(kgwb.tune(bert, task, policy="full", epochs=3, batch=8, learning_rate=1e-3, precision="float32"))
    bert.save(tmp_path / "model")
    call = [sys.executable, "-c", FRESH, str(tmp_path / "model"), str(tmp_path / "people")]
    said = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    reranker = TextReranker(bert, fit_baseline(again), top=5, precision="float32")
    scores = reranker.score_answers(torch.arange(6), torch.zeros(6, dtype=torch.long), tails=3)
    assert len(reranker._logits) > 5
    assert said == json.loads(json.dumps([scores.tolist(), sorted(reranker._logits.items())]))


def test_questions_without_a_wrong_answer_are_left_out_and_counted(bert, caplog):
    facts = [(a, "knows", b) for a in ("anna", "bert") for b in ("anna", "bert")] + [("carl", "knows", "anna")]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    with caplog.at_level(logging.INFO, logger="kgwb.learn"):
        task = PairCompletion(graph, TextRanker(bert, graph), negatives=2, top=2).prepare(bert)
    assert "3 of 10 questions: left out, for their first answers hold no wrong one" in caplog.text
    assert len(task) == 7 and repr(task).startswith("PairExamples(\n  7 questions, 3 left out")
    assert task.loss(bert, list(range(7))).isfinite()


def test_a_ranker_that_tells_no_answers_apart(bert, split):
    vectors = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=4)
    torch.nn.init.zeros_(vectors.entity_table)
    message = (
        r"The first 3 answers of the ranker hold no wrong one: it gives all the same score, .* Train it first, or type"
    )
    with pytest.raises(ValueError, match=message):
        PairCompletion(split, vectors, top=3).prepare(bert)


def test_a_ranker_of_another_graph(small_bert, split):
    other = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS[:3], columns=["head", "relation", "tail"]), name="others")
    message = (
        r"The ranker is of 'others', whose ids are not those of 'people'\. Type kgwb\.learn\.PairCompletion\(split, k"
    )
    with pytest.raises(ValueError, match=message):
        PairCompletion(split, TextRanker(small_bert, other))


def test_no_triples(split, ranker):
    empty = Split(split.graph, split.train[:0], split.train, split.train[:0])
    with pytest.raises(ValueError, match=r"'people' has no triples to learn from\. Type kgwb\.learn\.PairCompletion\("):
        PairCompletion(empty, ranker)


def test_a_graph_without_texts(bert):
    facts = pd.DataFrame([["Q1", "P1", "Q2"], ["Q2", "P1", "Q3"], ["Q3", "P1", "Q4"]])
    facts.columns = ["head", "relation", "tail"]
    graph = KnowledgeGraph.from_pandas(facts)
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
    with pytest.raises(
        ValueError, match=r"'graph' has entities without a label that could be read \('Q1', .*Give them l"
    ):
        PairCompletion(graph, vectors, top=3).prepare(bert)


@pytest.mark.parametrize(
    ("name", "value"), [("negatives", 0), ("top", 1), ("longest", 0), ("examples", 0), ("seed", -1)]
)
def test_numbers_that_cannot_be(split, ranker, name, value):
    with pytest.raises(ValueError, match=rf"{name}={value} came\. It must be .*; type {name}="):
        PairCompletion(split, ranker, **{name: value})


def test_more_negatives_than_are_looked_at(split, ranker):
    with pytest.raises(
        ValueError, match=r"negatives=5 came, to be drawn among the first top=4\. Type negatives=4, or top=5"
    ):
        PairCompletion(split, ranker, negatives=5, top=4)


def test_a_head_that_is_for_something_else(bert, split, ranker):
    frame = pd.DataFrame({"text": ["it rains", "we won"], "label": ["weather", "sport"]})
    kgwb.learn.TextClasses(frame, name="mine").prepare(bert)
    message = r"The head 'mine' of 'small' is 'text classes' with .*, not 'pair completion' with .*Type name='another'"
    with pytest.raises(ValueError, match=message):
        PairCompletion(split, ranker, name="mine").prepare(bert)
    PairCompletion(split, ranker).prepare(bert)
    message = r"'pair completion' with {'longest': 32}, not 'pair completion' with {'longest': 8}\. Type name='another'"
    with pytest.raises(ValueError, match=message):
        PairCompletion(split, ranker, longest=8).prepare(bert)


def test_the_repr_says_all_of_it(small_bert, split, ranker):
    task = PairCompletion(split, ranker, negatives=2)
    assert repr(task) == repr(PairCompletion(split, TextRanker(small_bert, split, precision="float32"), negatives=2))
    assert "PairCompletion(6 triples" in repr(task) and "negatives=2" in repr(task)
    assert repr(task) not in (repr(PairCompletion(split, ranker)), repr(PairCompletion(split, fit_baseline(split))))
