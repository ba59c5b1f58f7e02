"""What is tried with no wrong argument, and the errors that are not kgwb's, with the reason for each."""

from __future__ import annotations

import os

MADE = "a record that kgwb makes and hands out: {}"
HOOK = "kgwb calls it, with what it made itself, once or more in every step"
# What has no working call here, and why.
EXEMPT = {
    "kgwb.graph.GraphChanges": MADE.format("compare_graphs"),
    "kgwb.embed.EmbeddingUpdate": MADE.format("update_embedding"),
    "kgwb.graph.LeakageReport": MADE.format("find_leakage"),
    "kgwb.graph.Walk": MADE.format("follow_path"),
    "kgwb.embed.RankReport": MADE.format("rank_triples"),
    "kgwb.embed.CardinalityRanker": MADE.format("fit_cardinality"),
    "CardinalityRanker.score_answers": HOOK,
    "kgwb.embed.RuleRanker": MADE.format("mine_rules"),
    "kgwb.embed.JoinedRanker": MADE.format("join_rankers"),
    "RuleRanker.score_answers": HOOK,
    "JoinedRanker.score_answers": HOOK,
    "PathNetwork.find_looks": HOOK,
    "kgwb.embed.FilledAttributes": MADE.format("fill_attributes"),
    "kgwb.embed.EntityClusters": MADE.format("cluster_entities"),
    "kgwb.embed.MissingFacts": MADE.format("find_missing_facts"),
    "kgwb.embed.Epoch": MADE.format("train_embedding"),
    "kgwb.embed.Trial": MADE.format("find_settings"),
    "kgwb.embed.SettingsSearch": MADE.format("find_settings"),
    "kgwb.bert.Alignment": MADE.format("align_vectors"),
    "kgwb.bert.Encoding": MADE.format("encode_sentences"),
    "kgwb.bert.Reading": MADE.format("read"),
    "kgwb.bert.HeadHabits": MADE.format("measure_heads"),
    "kgwb.bert.Importance": MADE.format("measure_importance"),
    "kgwb.bert.LinkScore": MADE.format("score_links"),
    "kgwb.bert.Links": MADE.format("link_mentions"),
    "kgwb.bert.Injector": MADE.format("inject"),
    "kgwb.learn.AttributionReport": MADE.format("attribute_answer"),
    "kgwb.learn.CalibrationReport": MADE.format("measure_calibration"),
    "kgwb.learn.EditReport": MADE.format("measure_edits"),
    "kgwb.learn.FactCalibration": MADE.format("calibrate_facts"),
    "kgwb.learn.FactThreshold": MADE.format("find_threshold"),
    "kgwb.learn.PassageIndex": MADE.format("index_passages"),
    "kgwb.learn.ProbeReport": MADE.format("probe"),
    "kgwb.learn.Step": MADE.format("tune"),
    "kgwb.learn.GeneralisationReport": MADE.format("measure_generalisation"),
    "kgwb.learn.GeneralisationExam": MADE.format("plan_generalisation"),
    "kgwb.learn.Agreement": MADE.format("tune"),
    "kgwb.learn.TuningCost": MADE.format("estimate_tuning"),
    "kgwb.learn.TaskBatch": "tune makes it, for policies",
    **{f"kgwb.learn.{name}": "nothing can be given to it" for name in ("Full", "Together", "TwoStage")},
    **{f"kgwb.learn.{name}": "abstract: its subclasses are given to tune" for name in ("Policy", "Strategy")},
    "kgwb.see.AttentionView": MADE.format("show_attention"),
    "kgwb.see.LinkedViews": MADE.format("link"),
    "kgwb.see.FilmView": MADE.format("record_film"),
    "kgwb.see.HeadsView": MADE.format("show_heads"),
    "kgwb.see.GraphView": MADE.format("show_graph"),
    "kgwb.see.ProbeView": MADE.format("show_probe"),
    "kgwb.see.ReviewView": MADE.format("show_review"),
    "kgwb.see.SearchView": MADE.format("show_search"),
    "kgwb.see.SpaceView": MADE.format("show_space"),
    "kgwb.see.TrainingView": MADE.format("show_training"),
    "kgwb.see.PointQuality": MADE.format("point_quality"),
    "kgwb.see.ProjectionQuality": MADE.format("projection_quality"),
    "kgwb.lessons.Verdict": MADE.format("check"),
    "kgwb.environment.Diagnosis": MADE.format("doctor"),
    "kgwb.environment.Finding": MADE.format("doctor"),
    "kgwb.learn.FrameTask": "abstract: its subclasses are tasks",
    "kgwb.learn.TaskScore": MADE.format("score_predictions"),
    "kgwb.learn.EpisodeScore": MADE.format("score_episodes"),
    **{f"Meta.{name}": HOOK for name in ("list_parts", "expect_tasks", "differentiate")},
    **{f"ClozeClasses.{name}": HOOK for name in ("read", "score")},
    **{
        f"FrameTask.{name}": HOOK
        for name in "read look measure_width score loss count_decisions start read_answers encode answer explain "
        "split_answer list_labels".split()
    },
    "kgwb.bert.Door": "abstract: its subclasses are made by inject",
    "kgwb.bert.Addition": "abstract: its subclasses are LoRA, Adapter, Prefix and Experts",
    "Addition.attach": "it changes the BERT that it is given; extend hands on what comes",
    "kgwb.learn.Task": "a protocol: whoever writes a task says what its prepare takes",
    "kgwb.learn.PreparedTask": "a protocol, as Task",
    "Task.prepare": "a protocol",
    "PreparedTask.loss": "a protocol",
    **{f"Injector.{name}": HOOK for name in ("enters_at", "score_entities", "loss_at_mask", "restore")},
    "Bert.reach_mask": HOOK,
    "Bert.answer_head": HOOK,
    **{f"{view}.answer": HOOK for view in ("LiveView", "AttentionView", "GraphView", "SpaceView", "TrainingView")},
    "LiveView.take": HOOK,
    "TextRanker.score_answers": HOOK,
    **{f"PathNetwork.{name}": HOOK for name in ("score_answers", "score_block", "find_factors", "note_learnt")},
    "TextReranker.score_answers": HOOK,
    "InjectionPanel.from_trial": "the workbench calls it, with its own trial",
}
# Classes whose methods are all such hooks, and equations, which see tensors alone (`GraphEmbedding.score` checks what comes).
HOOKS: tuple[str, ...] = (
    "Door",
    "Scorer",
    "Encoding",
    "AdversarialNegatives",
    "RelationNegatives",
    "AffineEncoder",
    "CompositionConvolution",
    "RelationalConvolution",
    "TaskHead",
    "ChoosingTask",
    "TextClasses",
    "EntityTags",
    "RelationClasses",
    "EntityTypes",
    "MultipleChoice",
    "EntityLinks",
)
HOOKS += ("Policy", "Partial", "Extended", "Full", "Staged", "Adversarial", "TaskBatch")
HOOKS += ("Strategy", "Together", "TwoStage", "Sampled", "Joint")
HOOKS += ("Balance", "FixedWeights", "ScheduledWeights", "UncertaintyWeights")
HOOKS += ("VariationalEncoder", "LiteralEncoder", "EncoderChain", "ComplEx", "DistMult", "RESCAL", "RotatE", "TransE")
HOOKS += ("HousE", "QuatE")

# (call, place, kind) whose error is that of the object that was passed.
OWN = {
    (
        "kgwb.lessons.train_vectors",
        "encoder",
        "a transformer",
    ): "any nn.Module may be an encoder, and says itself what it reads",
    ("kgwb.learn.score_candidates", "source", "a tokenizer"): "whatever can be called may be a teacher",
    ("kgwb.learn.DistilledAnswers", "teacher", "a tokenizer"): "whatever can be called may be a teacher",
    ("kgwb.learn.measure_calibration", "source", "a tokenizer"): "whatever can be called may be a teacher",
    ("kgwb.learn.fit_temperature", "source", "a tokenizer"): "whatever can be called may be a teacher",
    ("kgwb.show_space", "labels", "a generator"): "it is read once, as a list would be",
    ("kgwb.show_space", "types", "a generator"): "it is read once, as a list would be",
    ("kgwb.see.Fragment", "libraries", "a dict"): "which names its scripts are the page's affair",
    ("kgwb.lessons.budget", "full", "an array of one text"): "a budget may be anything",
    ("kgwb.lessons.budget", "quick", "an array of one text"): "a budget may be anything",
    ("kgwb.see.log_to_wandb", "run", "a tensor"): "whatever has a `log` may take the figures",
}

if not os.environ.get("KGWB_DATA"):  # it would be downloaded, and tests need no network
    EXEMPT["kgwb.graph.load_dataset"] = "needs published benchmarks: set KGWB_DATA"
