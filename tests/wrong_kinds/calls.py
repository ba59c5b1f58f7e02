"""For every public function, class and method one call that works; what stands here is Python, read with the names of objects.py.

A name is that of the object; a method is written on the class that defines it. A text holds the arguments without which the
call does not work; every other parameter is known from the signature. Options that go on to another function are written out.
"""

# ruff: noqa: E501 - one call stands on one line

from __future__ import annotations

import os

ENCODE = "split, dim=4"
TRAIN = "copy.deepcopy(vectors), split, epochs=1, precision='float32'"
CALLS = {
    # graph
    "kgwb.KnowledgeGraph": "graph.triples, graph.entities, graph.relations",
    "KnowledgeGraph.from_pandas": "frame, entities",
    "KnowledgeGraph.entity_id": "'anna'",
    "KnowledgeGraph.relation_id": "'knows'",
    "KnowledgeGraph.spellings": "0",
    "KnowledgeGraph.to_pandas": "",
    "kgwb.graph.Split": "graph, split.train, split.valid, split.test",
    "kgwb.graph.Mention": "0, 4, 0, 'anna'",
    "kgwb.graph.Sentence": "'anna knows bert.', sentences[0].mentions, (0, 1, 1)",
    "kgwb.graph.GraphStore": "graph",
    "GraphStore.query": "'SELECT ?a WHERE { ?a ?b ?c } LIMIT 1'",
    "kgwb.read_graph": "Path('graph.tsv')",
    "kgwb.read_split": "Path('split')",
    "kgwb.write_graph": "graph, 'again.tsv'",
    "kgwb.graph.write_split": "split, 'again'",
    "kgwb.graph.to_pykeen": "split",
    "kgwb.graph.from_pykeen": "factory",
    "kgwb.load_dataset": "'umls'",
    "kgwb.split_triples": "graph, 0.2, 0.2",
    "kgwb.find_leakage": "split",
    "kgwb.find_rules": "graph, min_support=1",
    "kgwb.apply_rules": "graph, rules",
    "kgwb.query_graph": "graph, 'SELECT ?a WHERE { ?a ?b ?c } LIMIT 1'",
    "kgwb.graph.match_pattern": "graph, [('?a', 'knows', '?b')]",
    "kgwb.graph.select_neighbourhood": "graph, 'anna'",
    "kgwb.graph.add_types": "graph",
    "kgwb.read_sentences": "'sentences.jsonl', graph",
    "kgwb.verbalise": "graph",
    "kgwb.graph.learn_wordings": "sentences, graph",
    # embed
    "kgwb.TransE": "",
    "kgwb.GraphEmbedding": "graph, scorer, dim=4",
    "GraphEmbedding.score": "graph.triples",
    "GraphEmbedding.score_tails": "graph.triples",
    "GraphEmbedding.score_heads": "graph.triples",
    "GraphEmbedding.predict": "head='anna', relation='knows'",
    "GraphEmbedding.save": "'vectors'",
    "kgwb.load_embedding": "'kept'",
    "kgwb.train_embedding": TRAIN,
    "kgwb.embed.estimate_cost": "vectors, split, epochs=1, negatives='all', batch=4, learning_rate=0.1, evaluate_every=1, memory='auto'",
    "kgwb.preset": "'complex'",
    "kgwb.rank_triples": "vectors, split.test, known=split.known",
    "kgwb.embed.fit_baseline": "split",
    "kgwb.embed.calibrate_scores": "vectors, split",
    "Calibration.probability": "graph.triples",
    "Calibration.reliability": "",
    "kgwb.embed.classify_triples": "vectors, split",
    "ClassificationReport.interval": "samples=10",
    "kgwb.embed.score_leaks": "ranks, leakage",
    "kgwb.embed.read_vectors": "'kept.npz', graph, scorer=scorer",
    "kgwb.embed.write_vectors": "vectors, 'vectors.npz'",
    "RankReport.hits": "1",
    "RankReport.with_ties": "'best'",
    "RankReport.intervals": "samples=10",
    "RankReport.compare": "ranks, samples=10",
    "RankReport.by_degree": "split.train",
    "kgwb.embed.AdversarialNegatives": "graph, 2",
    "kgwb.embed.AffineEncoder": "dim=4",
    "kgwb.embed.CompositionConvolution": ENCODE,
    "kgwb.embed.RelationalConvolution": ENCODE,
    "kgwb.embed.VariationalEncoder": ENCODE,
    "kgwb.embed.LiteralEncoder": ENCODE,
    "kgwb.embed.EncoderChain": "kgwb.embed.AffineEncoder(dim=4)",
    # bert
    "kgwb.load_bert": "'kept bert'",
    "kgwb.read": "bert, texts[:1]",
    "kgwb.find_mentions": "texts, graph, tokenizer",
    "kgwb.link_mentions": "texts, [each.mentions for each in sentences], graph, bert=bert, vectors=vectors",
    "kgwb.inject": [
        "bert, vectors, mode='entity', place='input', layers=None, pieces='all', strength=1.0",
        "bert, vectors, mode='relation', how='bias', layers=(0,), strength=1.0",
        "bert, vectors, mode='graph', hops=1, most=4, width=8, depth=1, bases=2, layers=(0,), heads=2, strength=1.0",
        "bert, vectors, mode='memory', reach='all', hops=1, most=4, layers=(0,), strength=1.0",
        "bert, vectors, mode=('entity', 'memory'), memory={'hops': 1}",
    ],
    "kgwb.bert.encode_sentences": "bert, texts, mentions=[each.mentions for each in sentences]",
    "kgwb.bert.align_vectors": [
        "bert, vectors, held_out=0.4, shuffles=0",
        "bert, vectors, method='trained', held_out=0.4, shuffles=1, steps=2",
    ],
    "kgwb.bert.fill_missing_vectors": "bert, vectors",
    "Alignment.map": "torch.ones(2, 4)",
    "Alignment.nearest_pieces": "'anna'",
    "AlignmentQuality.hits": "1",
    "AlignmentQuality.hubs": "",
    "kgwb.bert.Bert": "bert.model, tokenizer",
    "Bert.forward": "encoding",
    "Bert.observe": "encoding",
    "Bert.in_mode": "False",
    "Bert.save": "'bert'",
    "Bert.fill_mask": "kgwb.bert.encode_sentences(bert, 'a [MASK].')",
    "Bert.read_mask": "kgwb.bert.encode_sentences(bert, 'a [MASK].')",
    "Injector.add": "graph.triples[:1]",
    "Injector.withdraw": "graph.triples[:1]",
    "Injector.replace": "graph.triples[:1], graph.triples[1:2]",
    "Injector.without_facts": "graph.triples[:1]",
    "Injector.save": "'door'",
    "Injector.load": "'kept door'",
    # learn
    "kgwb.make_questions": "sentences, graph",
    "kgwb.split_questions": "questions",
    "kgwb.learn.Question": "questions[0].text, questions[0].mentions, 0, 1, 1, (1, 2), ('bert', 'carl')",
    "kgwb.learn.Questions": "graph, questions.items",
    "Questions.__getitem__": "0",
    "Corpus.__getitem__": "0",
    "kgwb.MaskedAnswers": "questions",
    "MaskedAnswers.prepare": "bert",
    "kgwb.learn.MaskedWords": "sentences",
    "MaskedWords.prepare": "bert",
    "kgwb.learn.NextSentences": "sentences",
    "NextSentences.prepare": "bert",
    "kgwb.learn.predict_masked_words": "bert, kgwb.learn.MaskedWords(sentences)",
    "kgwb.learn.read_corpus": "'corpus.txt', bert",
    "kgwb.learn.Corpus": "'people', tuple(sentences), (0,) * 6",
    "kgwb.tune": "copy.deepcopy(bert), task, epochs=1",
    "kgwb.answer_questions": "bert, questions",
    "kgwb.learn.attribute_answer": "model, questions[:1]",
    "kgwb.learn.measure_edits": "model, questions, edits=1",
    "kgwb.learn.mark_mentions": "questions",
    "kgwb.learn.misdirect_mentions": "questions",
    "kgwb.learn.prepend_facts": "questions, graph",
    "kgwb.learn.remove_answers": "graph, questions",
    "kgwb.plan_runs": "bert, vectors, task, other_vectors={'twin': vectors}, doors={'entity': {}}, epochs=1, batch=4",
    "kgwb.probe": "{'plain': bert}, questions, seeds=1",
    "ProbeReport.gains": "",
    "ProbeReport.join": "other_report",
    "ProbeReport.save": "'report.json'",
    "ProbeReport.load": "'kept.json'",
    "kgwb.learn.read_report": "'kept.json'",
    # see
    "kgwb.show_graph": "graph",
    "kgwb.show_space": "vectors, method='pca', neighbours=2",
    "kgwb.show_attention": "reading",
    "kgwb.show_training": "iter(epochs)",
    "kgwb.show_probe": "report",
    "kgwb.record_film": "vectors, iter(epochs), neighbours=2",
    "kgwb.write_page": "'page.html', [('One', view)], 'Title'",
    "kgwb.see.Fragment": "'<p>x</p>'",
    "kgwb.see.log_to_tensorboard": "iter(epochs), 'runs'",
    "kgwb.see.log_to_wandb": "iter(epochs), run=run",
    "kgwb.see.projection_quality": "points, points[:, :2], 2",
    "kgwb.see.point_quality": "points, points[:, :2], 2",
    "View.save": "'view.svg'",
    "View.observe": "len",
    # lessons and environment
    "kgwb.lessons.budget": "10, quick=1",
    "kgwb.lessons.check": "len, [((('x',),), 1)], hint='Count.'",
    "kgwb.lessons.train_vectors": "graph, scorer, dim=4, epochs=1",
    "kgwb.environment.seed_everything": "0",
    "kgwb.environment.draw_from": "0, 'noise'",
}

# Where options go on to.
DOORS = ("entity.EntityDoor", "relation.RelationDoor", "graph.GraphDoor", "memory.MemoryDoor")
OPTIONS = {
    "kgwb.inject": [f"kgwb.bert.doors.{door}" for door in DOORS],
    "kgwb.bert.align_vectors": ["kgwb.bert.alignment.linear_maps.fit_contrastive"],
    "kgwb.embed.estimate_cost": ["kgwb.train_embedding"],
    "kgwb.lessons.train_vectors": ["kgwb.train_embedding"],
    "kgwb.plan_runs": ["kgwb.tune"],
}

# Where methods are tried; classes that are handed out by a public function stand here too.
RECEIVERS = {
    "KnowledgeGraph": "graph",
    "GraphStore": "kgwb.graph.GraphStore(graph)",
    "GraphEmbedding": "copy.deepcopy(vectors)",
    "Calibration": "calibration",
    "ClassificationReport": "kgwb.embed.classify_triples(vectors, split)",
    "RankReport": "ranks",
    "Alignment": "alignment",
    "AlignmentQuality": "alignment.quality",
    "Bert": "bert",
    "Injector": "copy.deepcopy(model).injector",
    "Questions": "questions",
    "Corpus": "corpus",
    "MaskedAnswers": "task",
    "MaskedWords": "kgwb.learn.MaskedWords(sentences)",
    "NextSentences": "kgwb.learn.NextSentences(sentences)",
    "ProbeReport": "report",
    "View": "drawn",
}

MADE = "a record that kgwb makes and hands out: {}"
HOOK = "kgwb calls it, with what it made itself, once or more in every step"
# What has no working call here, and why.
EXEMPT = {
    "kgwb.graph.LeakageReport": MADE.format("find_leakage"),
    "kgwb.embed.RankReport": MADE.format("rank_triples"),
    "kgwb.embed.Epoch": MADE.format("train_embedding"),
    "kgwb.bert.Alignment": MADE.format("align_vectors"),
    "kgwb.bert.Encoding": MADE.format("encode_sentences"),
    "kgwb.bert.Reading": MADE.format("read"),
    "kgwb.bert.Links": MADE.format("link_mentions"),
    "kgwb.bert.Injector": MADE.format("inject"),
    "kgwb.learn.AttributionReport": MADE.format("attribute_answer"),
    "kgwb.learn.EditReport": MADE.format("measure_edits"),
    "kgwb.learn.ProbeReport": MADE.format("probe"),
    "kgwb.learn.Step": MADE.format("tune"),
    "kgwb.see.AttentionView": MADE.format("show_attention"),
    "kgwb.see.FilmView": MADE.format("record_film"),
    "kgwb.see.GraphView": MADE.format("show_graph"),
    "kgwb.see.ProbeView": MADE.format("show_probe"),
    "kgwb.see.SpaceView": MADE.format("show_space"),
    "kgwb.see.TrainingView": MADE.format("show_training"),
    "kgwb.see.PointQuality": MADE.format("point_quality"),
    "kgwb.see.ProjectionQuality": MADE.format("projection_quality"),
    "kgwb.lessons.Verdict": MADE.format("check"),
    "kgwb.environment.Diagnosis": MADE.format("doctor"),
    "kgwb.environment.Finding": MADE.format("doctor"),
    "kgwb.bert.Door": "abstract: its subclasses are made by inject",
    "kgwb.learn.Task": "a protocol: whoever writes a task says what its prepare takes",
    "kgwb.learn.PreparedTask": "a protocol, as Task",
    "Task.prepare": "a protocol",
    "PreparedTask.loss": "a protocol",
    **{f"Injector.{name}": HOOK for name in ("enters_at", "score_entities", "restore")},
    "Bert.answer_head": HOOK,
}
# Classes whose methods are all such hooks, and equations, which see tensors alone (`GraphEmbedding.score` checks what comes).
HOOKS = (
    "Door",
    "Scorer",
    "Encoding",
    "AdversarialNegatives",
    "AffineEncoder",
    "CompositionConvolution",
    "RelationalConvolution",
)
HOOKS += ("VariationalEncoder", "LiteralEncoder", "EncoderChain", "ComplEx", "DistMult", "RESCAL", "RotatE", "TransE")

# (call, place, kind) whose error is that of the object that was passed.
OWN = {
    (
        "kgwb.lessons.train_vectors",
        "encoder",
        "a transformer",
    ): "any nn.Module may be an encoder, and says itself what it reads",
    ("kgwb.show_space", "labels", "a generator"): "it is read once, as a list would be",
    ("kgwb.show_space", "types", "a generator"): "it is read once, as a list would be",
    ("kgwb.see.Fragment", "libraries", "a dict"): "which names its scripts are the page's affair",
    ("kgwb.lessons.budget", "full", "an array of one text"): "a budget may be anything",
    ("kgwb.lessons.budget", "quick", "an array of one text"): "a budget may be anything",
    ("kgwb.see.log_to_wandb", "run", "a tensor"): "whatever has a `log` may take the figures",
}

if not os.environ.get("KGWB_DATA"):  # it would be downloaded, and tests need no network
    EXEMPT["kgwb.load_dataset"] = "needs published benchmarks: set KGWB_DATA"
    del CALLS["kgwb.load_dataset"]
