"""One small object of every public kind, made once: each is right in some places and wrong in all others."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

import kgwb
from kgwb.bert import Bert
from kgwb.bert.loading import _find_minilm
from kgwb.graph import Mention, Sentence

NAMES = ("anna", "bert", "carl", "dora", "emil", "fred")


def make_bert() -> Bert:
    """A BERT of one small layer, untrained, with MiniLM's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(_find_minilm())
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=32,
    )
    torch.manual_seed(0)
    model = BertForMaskedLM(config)
    model.set_attn_implementation("eager")
    return Bert(model, tokenizer, name="small", new_head=True).eval()


def make_sentence(graph: kgwb.KnowledgeGraph, head: int, tail: int) -> Sentence:
    """ "anna knows bert.", with its mentions and its fact."""
    one, other = NAMES[head], NAMES[tail]
    text = f"{one} knows {other}."
    start = text.index(other)
    mentions = (Mention(0, len(one), head, one), Mention(start, start + len(other), tail, other))
    return Sentence(text, mentions, (head, graph.relation_id("knows"), tail))


def make_objects() -> dict[str, Any]:
    """Name -> object; what the texts of `calls.py` may say."""
    rows = [[NAMES[i], "knows", NAMES[(i + 1) % 6]] for i in range(6)]
    rows += [[NAMES[(i + 1) % 6], "known by", NAMES[i]] for i in range(6)]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": NAMES, "type": ["person"] * 6, "age": np.arange(6.0)})
    graph = kgwb.KnowledgeGraph.from_pandas(frame, entities, name="people")
    split = kgwb.split_triples(graph, valid=0.2, test=0.2)
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
    for _ in kgwb.train_embedding(vectors, graph, epochs=1, precision="float32"):
        pass
    bert = make_bert()
    model = kgwb.inject(bert, vectors, mode="memory")
    sentences = [make_sentence(graph, i, (i + 1) % 6) for i in range(6)]
    questions = kgwb.make_questions(sentences, graph)
    exam = kgwb.learn.GeneralisationExam(questions[:3], {"graph only": questions[3:]}, graph, (), ())
    ranks = kgwb.rank_triples(vectors, split.test, known=split.known)
    report = kgwb.probe({"plain": bert, "door": model}, questions, seeds=1)
    rules = kgwb.find_rules(graph, min_support=1, min_confidence=0)
    encoding = kgwb.bert.encode_sentences(bert, sentences)
    epochs = [kgwb.embed.Epoch(1, 2.0, 0.1), kgwb.embed.Epoch(2, 1.0, 0.1)]
    view = kgwb.see.show_probe(report)
    points = np.random.default_rng(0).normal(size=(8, 3))
    moods = pd.DataFrame({"text": ["anna sings", "carl sighs"], "label": ["good", "bad"]})
    moods["head"], moods["tail"], moods["types"] = [(0, 4)] * 2, [(5, 10)] * 2, [["a"], ["b"]]
    moods["tokens"], moods["tags"] = moods["text"].str.split(), [["B-a", "O"]] * 2
    moods["choices"] = [["good", "bad"]] * 2
    cloze = kgwb.learn.ClozeClasses(moods, words={"good": "great", "bad": "terrible"})
    headed = copy.deepcopy(bert)
    kgwb.learn.TextClasses(moods).prepare(headed)
    paired = copy.deepcopy(bert)
    kgwb.learn.PairCompletion(split, vectors, top=3).prepare(paired)
    related, told = copy.deepcopy(bert), [(each.text, (0, 4), (11, 15)) for each in sentences]
    relations = pd.DataFrame(told, columns=["text", "head", "tail"]).assign(label=["knows", "none"] * 3)
    kgwb.learn.RelationClasses(relations).prepare(related)
    candidates = kgwb.learn.propose_facts(related, sentences, graph, least=0)
    factory = SimpleNamespace(  # as PyKEEN makes them
        mapped_triples=torch.tensor([[0, 0, 1]]), num_entities=2, real_num_relations=1,
        entity_id_to_label={0: "anna", 1: "bert"}, relation_id_to_label={0: "knows"},
    )  # fmt: skip
    aliased = kgwb.KnowledgeGraph.from_pandas(frame, entities.assign(aliases=[(f"{name} lane",) for name in NAMES]))
    return {
        "aliased": aliased, "asked": pd.DataFrame({"question": ["Whom does anna know?"], "relation": ["knows"]}),
        "other_report": kgwb.probe({"twin": bert}, questions, seeds=1), "drawn": kgwb.show_graph(graph),
        "view_of_reading": kgwb.show_attention(kgwb.read(bert, sentences[0])),
        "factory": factory, "run": SimpleNamespace(log=lambda figures, step: None),
        "kgwb": kgwb, "np": np, "pd": pd, "torch": torch, "copy": copy, "Path": Path,
        "frame": frame, "entities": entities, "graph": graph, "split": split, "vectors": vectors, "bert": bert,
        "model": model, "sentences": sentences, "questions": questions, "exam": exam, "ranks": ranks,
        "report": report, "rules": rules,
        "moods": moods, "cloze": cloze, "headed": headed, "paired": paired, "view": view, "points": points,
        "encoding": encoding, "epochs": epochs, "related": related, "candidates": candidates,
        "right": candidates.loc[~candidates["known"], ["head", "relation", "tail"]].to_numpy()[:1],
        "tokenizer": bert.tokenizer, "scorer": kgwb.ComplEx(), "reading": kgwb.read(bert, sentences[0]),
        "corpus": kgwb.learn.Corpus("people", tuple(sentences), (0,) * 6), "task": kgwb.MaskedAnswers(questions),
        "leakage": kgwb.find_leakage(split),
        "calibration": kgwb.embed.calibrate_scores(vectors, split),
        "alignment": kgwb.bert.align_vectors(bert, vectors, held_out=0.4, shuffles=0),
        "texts": [each.text for each in sentences],
    }  # fmt: skip # a line for each would be a page


def write_files(names: dict[str, Any]) -> None:
    """The files that some calls read, in the working directory."""
    kgwb.graph.write_graph(names["graph"], "graph.tsv")
    kgwb.graph.write_split(names["split"], "split")
    names["vectors"].save("kept")
    kgwb.embed.write_vectors(names["vectors"], "kept.npz")
    names["bert"].save("kept bert")
    names["model"].injector.save("kept door")
    names["report"].save("kept.json")
    Path("lesson.ipynb").write_text('{"cells": []}', encoding="utf-8")
    Path("sentences.jsonl").write_text('{"text": "anna knows bert."}\n', encoding="utf-8")
    Path("corpus.txt").write_text("Anna knows Bert.\nBert knows Anna.\n", encoding="utf-8")


# The wrong arguments: an object of every public kind, and of every kind of Python's and the libraries' that people pass.
WRONG = {
    "a graph": "graph",
    "a split": "split",
    "an embedding": "vectors",
    "a BERT": "bert",
    "a BERT with a door": "model",
    "an injector": "model.injector",
    "a transformer": "bert.model",
    "a tokenizer": "tokenizer",
    "a scorer": "scorer",
    "a scorer's class": "kgwb.ComplEx",
    "an encoder": "kgwb.embed.AffineEncoder(dim=4)",
    "a sentence": "sentences[0]",
    "sentences": "sentences",
    "questions": "questions",
    "a corpus": "corpus",
    "a task": "task",
    "an encoding": "encoding",
    "a reading": "reading",
    "a report of ranks": "ranks",
    "a report of a probe": "report",
    "rules": "rules",
    "leakage": "leakage",
    "a view": "view",
    "a frame": "frame",
    "a frame without rows": "frame[:0]",
    "a series": "frame['head']",
    "an array of ids": "graph.triples",
    "an array of numbers": "points",
    "a tensor": "torch.ones(2, 3)",
    "an array of one text": "np.array('x')",
    "an empty list": "[]",
    "a list of texts": "['x', 'y']",
    "a list of lists": "[[0, 0, 1]]",
    "a list of nothing": "[None]",
    "a dict": "{'x': 1}",
    "an empty dict": "{}",
    "a set": "{'x'}",
    "a generator": "(each for each in [1, 2])",
    "None": "None",
    "zero": "0",
    "a number": "3",
    "a large number": "10**400",
    "not a number": "float('nan')",
    "infinity": "float('inf')",
    "a negative number": "-1",
    "a fraction": "2.5",
    "a complex number": "1j",
    "True": "True",
    "a text": "'x'",
    "an empty text": "''",
    "a text with a zero byte": "'\\0'",
    "bytes": "b'x'",
    "a path": "Path('nowhere.txt')",
    "a function": "len",
    "a class": "dict",
    "a module": "kgwb.graph",
    "an object": "object()",
}  # fmt: skip
