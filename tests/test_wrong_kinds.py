"""What a stranger passes in the wrong place: each call says what came and what to type.

The first part is the law: every public callable, found by `__all__` and `inspect`, is given an object of every kind in
every place (wrong_kinds/); of all those calls a part drawn by a fixed seed, or all where KGWB_FUZZ is set. The second part
holds the texts of some errors. The calls run in processes of their own, because in this one the annotations are checked
before kgwb can say a word.
"""

# ruff: noqa: E501 - one call and its answer stand on one line

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, sys, warnings
import pandas as pd
import kgwb
facts = pd.DataFrame([[f"e{i}", "r", f"e{(i + 1) % 6}"] for i in range(6)], columns=["head", "relation", "tail"])
graph = kgwb.KnowledgeGraph.from_pandas(facts)
split = kgwb.split_triples(graph, valid=0, test=0.2)
vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
calls = json.loads(sys.stdin.read())
bert = kgwb.load_bert()
ranks = kgwb.rank_triples(vectors, split.test, known=split.known)
questions = kgwb.make_questions(kgwb.verbalise(graph), graph)
said = {}
for call in calls:
    try:
        eval(call)
    except Exception as problem:
        said[call] = f"{type(problem).__name__}: {problem}"
print(json.dumps(said))
"""
SAID = {
    "kgwb.KnowledgeGraph.from_pandas([('a', 'r', 'b')])": "TypeError: A frame was expected, but a list came.",
    "kgwb.split_triples(graph, valid=[0.8, 0.1, 0.1])": "ValueError: valid came as [0.8, 0.1, 0.1] and test as 0.1. Expected shares",
    "kgwb.split_triples(graph, test=float('nan'))": "ValueError: valid came as 0.1 and test as nan. Expected shares",
    "kgwb.inject(bert, graph)": "TypeError: An embedding was expected, but a KnowledgeGraph came. Type kgwb.inject(bert, kgwb.GraphEmbedding(",
    "kgwb.inject('minilm', vectors)": "TypeError: A BERT was expected, but the text 'minilm' came. Type kgwb.inject(kgwb.load_bert(), vectors).",
    "kgwb.inject(bert.model, vectors)": "TypeError: A BERT was expected, but a BertForMaskedLM came.",
    "kgwb.read(bert, None)": "TypeError: A text, or a list of them, was expected, but None came. Type kgwb.read(bert, [",
    "kgwb.read(bert, ['Paris.', 3])": "TypeError: A text was expected, but 3 came.",
    "kgwb.read(vectors, 'Paris.')": "TypeError: A BERT was expected, but a GraphEmbedding came.",
    "kgwb.bert.encode_sentences(bert, graph)": "TypeError: A text, or a list of them, was expected, but a KnowledgeGraph came.",
    "kgwb.find_mentions(['Paris.'], graph, bert)": "TypeError: A tokenizer was expected, but a Bert came.",
    "kgwb.find_mentions(None, graph, bert.tokenizer)": "TypeError: A list of texts was expected, but None came.",
    "kgwb.bert.link_mentions([], [], split)": "TypeError: A graph was expected, but a Split came.",
    "kgwb.find_mentions([], split, bert.tokenizer)": "TypeError: A graph was expected, but a Split came.",
    "kgwb.tune(bert, kgwb.learn.MaskedWords(['A.']), strategy='x')": "ValueError: strategy='x' came.",
    "kgwb.learn.NextSentences(['A.'], follows='time')": "ValueError: follows='time' came.",
    "kgwb.learn.TextCompletion(graph.triples)": "TypeError: A split or a graph was expected, but a ndarray came. Type kgwb.learn.TextCompletion(split).",
    "kgwb.learn.EntityLinks(facts, split, text='head', span='tail')": "TypeError: A graph was expected, but a Split came. Type kgwb.learn.EntityLinks(frame, ",
    "kgwb.learn.TextRanker('minilm', split)": "TypeError: A BERT was expected, but the text 'minilm' came. Type kgwb.learn.TextRanker(kgwb.load_bert(), split).",
    "kgwb.learn.TextRanker(bert, vectors)": "TypeError: A split or a graph was expected, but a GraphEmbedding came. Type kgwb.learn.TextRanker(bert, split).",
    "kgwb.learn.PairCompletion(split, graph)": "TypeError: A ranker, something with .graph and .score_answers(known, relation, *, tails), was expected, but a KnowledgeGraph came. Type kgwb.learn.PairCompletion(split, ranker).",
    "kgwb.learn.TextReranker('minilm', vectors)": "TypeError: A BERT was expected, but the text 'minilm' came. Type kgwb.learn.TextReranker(model, ranker).",
    "kgwb.learn.TextReranker(bert, split)": "TypeError: A ranker, something with .graph and .score_answers(known, relation, *, tails), was expected, but a Split came. Type kgwb.learn.TextReranker(model, ranker).",
    "kgwb.learn.read_corpus('x.txt', bert, by='word')": "ValueError: by='word' came.",
    "kgwb.tune(split, None)": "TypeError: A BERT was expected, but a Split came. Type kgwb.tune(bert, kgwb.MaskedAnswers(questions)).",
    "kgwb.tune(bert, graph)": "TypeError: A task was expected, but a KnowledgeGraph came.",
    "kgwb.MaskedAnswers(graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.make_questions([], split)": "TypeError: A graph was expected, but a Split came.",
    "kgwb.make_questions(graph, graph)": "TypeError: A list of sentences was expected, but a KnowledgeGraph came.",
    "kgwb.make_questions(['A.'], graph)": "TypeError: A sentence was expected, but the text 'A.' came.",
    "kgwb.split_questions(graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.learn.answer_questions(vectors, [])": "TypeError: A BERT was expected, but a GraphEmbedding came.",
    "kgwb.learn.answer_questions(bert, graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.plan_runs(graph, vectors, None)": "TypeError: A BERT was expected, but a KnowledgeGraph came.",
    "kgwb.cite(kgwb.ComplEx)": "TypeError: A run, something with describe_run(), was expected, but the class ComplEx came. Type kgwb.cite(vectors), kgwb.cite(ranks) or kgwb.cite(report).",
    "kgwb.cite(kgwb.GraphEmbedding)": "TypeError: A run was expected, but the class GraphEmbedding came. Type kgwb.cite(vectors), ",
    "kgwb.cite(facts)": "TypeError: A run, something with describe_run(), was expected, but a DataFrame came.",
    "kgwb.probe(bert, None)": "TypeError: A mapping of names to models was expected, but a Bert came.",
    "kgwb.probe({'plain': bert}, graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.probe({'plain': kgwb.ComplEx}, questions)": "TypeError: The run 'plain' is the class ComplEx. Expected a BERT, or a function that makes one; type kgwb.probe(",
    "kgwb.probe({'plain': bert.model}, questions)": "TypeError: The run 'plain' is a BertForMaskedLM. Expected a BERT, or a function that makes one; type kgwb.probe(",
    "kgwb.show_graph(graph).observe(dict)": "TypeError: A function was expected, but the class dict came. Type view.observe(print).",
    "kgwb.show_graph(graph).observe(bert.model)": "TypeError: A function was expected, but a BertForMaskedLM came. Type view.observe(print).",
    "kgwb.see.show_search(split)": "TypeError: A search for settings was expected, but a Split came. Type kgwb.see.show_search(",
    "kgwb.see.show_probe(ranks)": "TypeError: A ProbeReport was expected, but a RankReport came.",
    "kgwb.learn.mark_mentions(graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.learn.remove_answers(split, graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.learn.score_candidates(vectors, graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came. Type kgwb.learn.score_candidates(vectors, questions).",
    "kgwb.learn.score_candidates(kgwb.ComplEx, questions)": "TypeError: A teacher (vectors, conclusions, a BERT, a function, or a list of scores for each question) was expected, but the class ComplEx came. Type kgwb.learn.score_candidates(vectors, questions).",
    "kgwb.learn.score_candidates('x', questions)": "TypeError: A teacher (vectors, conclusions, a BERT, a function, or a list of scores for each question) was expected, but the text 'x' came.",
    "kgwb.learn.score_candidates(facts, questions)": "TypeError: A teacher (vectors, conclusions, a BERT, a function, or a list of scores for each question) was expected, but a DataFrame came.",
    "kgwb.learn.score_candidates(lambda asked: 3, questions)": "TypeError: A teacher (vectors, conclusions, a BERT, a function, or a list of scores for each question) was expected, but 3 came.",
    "kgwb.learn.score_candidates(['x'] * len(questions), questions)": "TypeError: The scores of question 0 came as 'x'. Expected numbers; type kgwb.learn.CandidateScores(",
    "kgwb.learn.score_candidates(vectors, questions, control='random')": "ValueError: control='random' came. Type one of 'shuffled'.",
    "kgwb.learn.CandidateScores([[[], []]], [[1.0, 2.0]], [0])": "TypeError: The candidates of question 0 came as a list. Expected names; type kgwb.learn.CandidateScores(",
    "kgwb.learn.CandidateScores('ab', [[1.0, 2.0]], [0])": "TypeError: A list was expected, but the text 'ab' came. Type kgwb.learn.CandidateScores(",
    "kgwb.learn.DistilledAnswers(vectors, questions)": "TypeError: A set of questions was expected, but a GraphEmbedding came. Type kgwb.learn.DistilledAnswers(questions, vectors).",
    "kgwb.learn.DistilledAnswers(questions, vectors, labelled=[1, 0])": "TypeError: True or False for each question was expected, but 1 came. Type kgwb.learn.DistilledAnswers(questions, vectors, labelled=0.1).",
    "kgwb.learn.augment([], with_='x')": "TypeError: A function of a text was expected, but the text 'x' came. Type kgwb.learn.augment(sentences, with_=translate_there_and_back).",
    "kgwb.learn.augment(kgwb.verbalise(graph), with_=len)": "TypeError: A text, several, or None, from with_ was expected, but",
    "kgwb.learn.augment(kgwb.verbalise(graph), with_=lambda text: [3])": "TypeError: A text from with_ was expected, but 3 came. Type kgwb.learn.augment(",
    "kgwb.learn.rename_mentions(['A.'], graph)": "TypeError: A sentence was expected, but the text 'A.' came. Type kgwb.learn.rename_mentions(sentences, graph).",
    "kgwb.learn.rename_mentions(kgwb.verbalise(graph))": "TypeError: A graph was expected, but None came. Type kgwb.learn.rename_mentions(sentences, ",
    "kgwb.learn.infill_words(kgwb.verbalise(graph), graph, bert=graph)": "TypeError: A BERT was expected, but a KnowledgeGraph came. Type kgwb.learn.infill_words(sentences, graph, bert=kgwb.load_bert()).",
    "kgwb.learn.measure_calibration(graph)": "TypeError: A CandidateScores was expected, but a KnowledgeGraph came. Type kgwb.learn.measure_calibration(",
    "kgwb.learn.average_scores([graph])": "TypeError: A CandidateScores was expected, but a KnowledgeGraph came. Type kgwb.learn.average_scores([",
    "kgwb.learn.answer_together([graph], questions)": "TypeError: A BERT was expected, but a KnowledgeGraph came. Type kgwb.learn.answer_together([one, other], questions).",
    "kgwb.learn.predict_together(bert, facts)": "TypeError: A list was expected, but a Bert came. Type kgwb.learn.predict_together([one, other], frame).",
    "kgwb.learn.attribute_answer(graph, None)": "TypeError: A BERT was expected, but a KnowledgeGraph came.",
    "kgwb.learn.measure_edits(bert, graph)": "TypeError: A set of questions was expected, but a KnowledgeGraph came.",
    "kgwb.learn.read_corpus('x.txt', vectors)": "TypeError: A BERT was expected, but a GraphEmbedding came.",
    "kgwb.inject(bert, vectors, mode='window')": "ValueError: mode='window' came.",
    "kgwb.inject(bert, vectors, mode=dict)": "TypeError: mode got the class dict, which is no door. Type one of 'entity'",
    "kgwb.inject(bert, vectors, mode=('entity', 3))": "ValueError: mode=3 came. Type one of 'entity'",
    "kgwb.inject(bert, vectors, control='off')": "ValueError: control='off' came.",
    "kgwb.inject(bert, vectors, seed='x')": "ValueError: seed='x' came. It must be a whole number from 0",
    "kgwb.inject(bert, vectors, control='random', seed=float('nan'))": "ValueError: seed=nan came. It must be a whole number",
    "kgwb.split_triples(graph, seed=None)": "ValueError: seed=None came. It must be a whole number from 0",
    "kgwb.tune(bert, kgwb.learn.MaskedWords(['A.']), precision='float16')": "ValueError: precision='float16' came. Type one of",
    "ranks.hits(0.5)": "ValueError: k=0.5 came. It must be a whole number, at least 1; type k=1.",
    "kgwb.inject(bert, vectors, place='cellar')": "ValueError: place='cellar' came.",
    "kgwb.inject(bert, vectors, mode='memory', reach='some')": "ValueError: reach='some' came.",
    "kgwb.inject(bert, vectors, mode='relation', how='loudly')": "ValueError: how='loudly' came.",
    "kgwb.graph.load_dataset(None)": "ValueError: name=None came.",
    "kgwb.graph.write_split(graph, 'x')": "TypeError: A split was expected, but a KnowledgeGraph came.",
    "kgwb.graph.to_pykeen(graph)": "TypeError: A split was expected, but a KnowledgeGraph came. Type to_pykeen(split_triples(graph))",
    "kgwb.graph.from_pykeen(split)": "TypeError: A triples factory was expected, or the folder of one, but a Split came.",
    "kgwb.graph.from_pykeen(None)": "TypeError: None came to train on.",
    "kgwb.find_leakage(graph)": "TypeError: A split was expected, but a KnowledgeGraph came.",
    "kgwb.embed.fit_baseline(graph)": "TypeError: A split was expected, but a KnowledgeGraph came.",
    "kgwb.embed.fit_cardinality(graph)": "TypeError: A split was expected, but a KnowledgeGraph came.",
    "kgwb.embed.classify_triples(vectors, graph)": "TypeError: A split was expected, but a KnowledgeGraph came.",
    "kgwb.embed.calibrate_scores(graph, split)": "TypeError: A ranker, something with .graph and .score_answers(known, relation, *, tails), was expected, but a KnowledgeGraph came.",
    "kgwb.find_missing_facts(kgwb.GraphEmbedding)": "TypeError: A ranker, something with .graph and .score_answers(known, relation, *, tails), was expected, but the class GraphEmbedding came. Type find_",
    "kgwb.embed.fill_attributes(graph)": "TypeError: A GraphEmbedding was expected, but a KnowledgeGraph came.",
    "kgwb.embed.fill_attributes(vectors, 7)": "TypeError: A frame of values, or a list of columns, was expected, but 7 came.",
    "kgwb.embed.fill_attributes(vectors, asked='age')": "TypeError: A frame of what is asked was expected, but the text 'age' came.",
    "kgwb.embed.fill_attributes(vectors, texts='label')": "TypeError: A function of the table of entities was expected, but the text 'label' came.",
    "kgwb.mine_rules(graph)": "TypeError: A split was expected, but a KnowledgeGraph came. Type mine_rules(split_triples(graph)).",
    "kgwb.join_rankers(7, vectors, split)": "TypeError: A ranker, something with .graph and .score_answers(known, relation, *, tails), was expected, but 7 came. Type join_rankers(",
    "kgwb.find_missing_facts(vectors, split=3)": "TypeError: A split, or None, was expected, but 3 came. Type find_missing_facts(",
    "kgwb.embed.PathNetwork('x')": "TypeError: A split or a graph was expected, but the text 'x' came. Type PathNetwork(split)",
    "kgwb.embed.PathNetwork(graph, gathering='mean')": "ValueError: gathering='mean' came. Type one of 'pna', 'sum'.",
    "kgwb.embed.train_path_network(None, split)": "TypeError: A path network was expected, but None came. Type train_path_network(PathNetwork",
    "kgwb.embed.estimate_cost(None, split)": "TypeError: A GraphEmbedding was expected, but None came.",
    "kgwb.embed.write_vectors(graph, 'x.npz')": "TypeError: A GraphEmbedding was expected, but a KnowledgeGraph came.",
    "kgwb.embed.read_vectors('x.npz', split, scorer=kgwb.ComplEx())": "TypeError: A graph was expected, but a Split came.",
    "kgwb.GraphEmbedding(split, kgwb.ComplEx())": "TypeError: A graph was expected, but a Split came.",
    "kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=2.5)": "ValueError: dim=2.5 came.",
    "kgwb.GraphEmbedding(graph, kgwb.ComplEx(), encoder='rgcn')": "TypeError: An encoder, which is an nn.Module, was expected, but the text 'rgcn'",
    "kgwb.embed.EncoderChain(kgwb.embed.AffineEncoder)": "TypeError: An encoder, which is an nn.Module, was expected, but the class AffineEncoder came.",
    "kgwb.embed.LiteralEncoder('x')": "TypeError: A split or a graph was expected, but the text 'x' came. Type split_triples(graph).",
    "kgwb.embed.AdversarialNegatives(split, 5)": "TypeError: A graph was expected, but a Split came.",
    "kgwb.embed.AdversarialNegatives(graph, 2.5)": "ValueError: count=2.5 came.",
    "kgwb.embed.AdversarialNegatives(graph, 2, pool=3.5)": "ValueError: pool=3.5 came.",
    "kgwb.find_rules('x')": "TypeError: A split or a graph was expected, but the text 'x' came.",
    "kgwb.find_rules(graph, min_confidence='x')": "ValueError: min_confidence='x' came.",
    "kgwb.graph.apply_rules(graph, 'x')": "TypeError: A set of rules or its frame was expected, but the text 'x' came.",
    "kgwb.graph.apply_rules(graph, kgwb.find_rules(graph), limit=2.5)": "ValueError: limit=2.5 came.",
    "kgwb.graph.add_types(split)": "TypeError: A graph was expected, but a Split came. Type add_types(split.graph).",
    "kgwb.graph.match_pattern(split, [('?a', 'r', '?b')])": "TypeError: A graph was expected, but a Split came.",
    "kgwb.graph.match_pattern(graph, None)": "QueryError: None is no list of patterns. For example: match_pattern(graph, [(",
    "kgwb.query_graph(split, 'ASK { ?a ?b ?c }')": "TypeError: A graph was expected, but a Split came.",
    "kgwb.query_graph(graph, None)": "QueryError: A query is a text, but None came.",
    "kgwb.rank_triples(vectors, split.test, known=None, outranked_by=1.5)": "ValueError: outranked_by=1.5 came.",
    "ranks.intervals('x')": "ValueError: level='x' came. It must be a number between 0 and 1; type level=0.95.",
    "ranks.intervals(samples=2.5)": "ValueError: samples=2.5 came.",
    "ranks.compare('x')": "TypeError: A RankReport was expected, but the text 'x' came.",
    "ranks.by_degree([[99, 0, 0]])": "ValueError: triples holds ids that 'graph' does not have",
    "kgwb.embed.score_leaks(kgwb.find_leakage(split), ranks)": "TypeError: A RankReport was expected, but a LeakageReport came.",
    "kgwb.see.record_film(kgwb.train_embedding(vectors, split), vectors)": "TypeError: record_film got generator, which no training changes",
    "kgwb.see.record_film(vectors, None)": "TypeError: The epochs of a training were expected, but None came.",
    "kgwb.see.log_to_tensorboard(vectors, 'x')": "TypeError: The epochs of a training were expected, but a GraphEmbedding came.",
    "kgwb.see.log_to_wandb(vectors)": "TypeError: The epochs of a training were expected, but a GraphEmbedding came.",
}


# The share of all calls that the default run tries.
SHARE, SEED = 0.05, 0


@pytest.fixture(scope="module")
def tried(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("tried")
    share = 1 if os.environ.get("KGWB_FUZZ") else SHARE
    script = repository / "tests" / "wrong_kinds" / "trying.py"
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", str(script), str(share), str(SEED)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return dict(json.loads((folder / "said.json").read_text(encoding="utf-8")))


def test_every_public_callable_has_a_call_that_works(tried: dict[str, Any]) -> None:
    assert not tried["missing"]


@pytest.mark.timeout(3600 if os.environ.get("KGWB_FUZZ") else 300)
def test_every_kind_in_every_place_is_taken_as_annotated_or_answered_with_what_to_type(tried: dict[str, Any]) -> None:
    assert tried["counts"]["calls"] > 1000
    failures = [f"{name}({place}=<{kind}>): {problem}" for name, place, kind, problem in tried["failures"]]
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="module")
def said(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        input=json.dumps(list(SAID)),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path_factory.mktemp("away"),
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


@pytest.mark.parametrize("call", SAID)
def test_a_wrong_argument_is_named(call: str, said: dict[str, str]) -> None:
    message = said.get(call, "nothing was said")
    assert message.startswith(SAID[call])
    assert re.search(r"[Tt]ype \w|[Ff]or example:? \w|whose ids fit", message)  # what would have worked
