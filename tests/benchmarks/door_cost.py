"""What an open door adds to a forward pass, as a multiple of Hugging Face's own BERT in eager mode.

python tests/benchmarks/door_cost.py --bert minilm
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from figures import begin, record

import kgwb
from kgwb.bert import Bert, Encoding, encode_sentences

GRAPH = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
FACTS = 1000
DOORS: dict[str, tuple[Any, dict[str, Any]]] = {
    "entity": ("entity", {}),
    "entity, beside": ("entity", {"place": "beside"}),
    "relation": ("relation", {}),
    "relation, bias": ("relation", {"how": "bias"}),
    "relation, visible": ("relation", {"how": "visible"}),
    "graph": ("graph", {}),
    "tower": ("tower", {}),
    "memory, around the mentions": ("memory", {}),
    f"memory, {FACTS:,} slots": ("memory", {"reach": "all"}),
    "pointer": ("pointer", {}),
    "memory and pointer": (("memory", "pointer"), {}),
}
BATCHES = {"32 × 32": (32, 32), "8 × 128": (8, 128)}  # sentences × word pieces
log = logging.getLogger("bench")


def main() -> None:
    """Time each door, open and off, beside plain BERT, and write the multiples down."""
    asked = read_arguments()
    begin(threads=asked.threads)
    graph = kgwb.read_graph(GRAPH)
    graph = replace(graph, triples=graph.triples[:FACTS])
    bert = load(asked.bert)
    models = {door: open_door(bert, graph, door) for door in asked.doors}
    batches = {name: make_batch(bert, graph, *size) for name, size in BATCHES.items()}
    found = {name: measure(bert, models, batch, asked.repetitions) for name, batch in batches.items()}
    for door in asked.doors:
        cells = [f"{found[name][door][state]:.2f}" for name in BATCHES for state in ("open", "off")]
        row = [asked.bert, door, *cells]
        figures = {"bert": asked.bert, "door": door, **{name: found[name][door] for name in BATCHES}}
        figures |= {f"seconds of plain BERT, {name}": found[name]["plain"]["seconds"] for name in BATCHES}
        log.info("%s", " | ".join(row))
        if not asked.dry:
            record("door-cost", figures, row)
    log.info("plain BERT against itself: %s", [f"{found[name]['plain']['again']:.3f}" for name in BATCHES])


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bert", choices=["minilm", "base"], default="minilm", help="base: BERT-base's shape")
    parser.add_argument("--doors", nargs="+", choices=DOORS, default=list(DOORS))
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--threads", type=int, default=1, help="0 for as many as torch likes")
    parser.add_argument("--dry", action="store_true", help="write nothing down")
    return parser.parse_args()


def load(name: str) -> Bert:
    """MiniLM, or random weights in the shape of bert-base-uncased."""
    minilm = kgwb.load_bert("minilm")
    if name == "minilm":
        return minilm
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(attn_implementation="eager"))
    return Bert(model, minilm.tokenizer, name=name).eval()


def open_door(bert: Bert, graph: kgwb.KnowledgeGraph, door: str) -> Bert:
    """The model with this door half open: a closed one might leave work out."""
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=64, seed=0)
    mode, options = DOORS[door]
    model = kgwb.inject(bert, vectors, mode=mode, **options)
    with torch.no_grad():
        for parameter in model.injector.parameters():
            if parameter.ndim == 0:
                parameter.fill_(0.5)
    return model


def make_batch(bert: Bert, graph: kgwb.KnowledgeGraph, sentences: int, pieces: int) -> Encoding:
    """Texts of up to so many word pieces that tell the graph's facts one after the other, two mentions each."""
    held = set(map(tuple, graph.triples.tolist()))
    told = [s for s in kgwb.read_sentences(GRAPH, graph) if s.triple in held and s.language == "en"]
    order = torch.randperm(len(told), generator=torch.Generator().manual_seed(0)).tolist()
    next_fact = map(told.__getitem__, order)
    texts = []
    for _ in range(sentences):
        text = next(next_fact)
        while len(bert.tokenizer((longer := join(text, next(next_fact))).text)["input_ids"]) <= pieces:
            text = longer
        texts.append(text)
    encoding = encode_sentences(bert, texts)
    named = statistics.mean(map(len, encoding.mentions))
    log.info("%d × %d word pieces, %.1f mentions in each", *encoding.pieces.shape, named)
    return encoding


def join(one: kgwb.graph.Sentence, other: kgwb.graph.Sentence) -> kgwb.graph.Sentence:
    """One sentence after the other."""
    shift = len(one.text) + 1
    moved = [replace(mention, start=mention.start + shift, end=mention.end + shift) for mention in other.mentions]
    return replace(one, text=f"{one.text} {other.text}", mentions=(*one.mentions, *moved))


@torch.no_grad()
def measure(bert: Bert, models: dict[str, Bert], batch: Encoding, repetitions: int) -> dict[str, dict[str, float]]:
    """Per door the multiple of plain BERT's time, open and off: the median over repetitions that take turns."""

    def read_plainly() -> None:
        bert.model.base_model(input_ids=batch.pieces, attention_mask=batch.is_token.long())

    calls: dict[tuple[str, str], Callable[[], Any]] = {
        ("plain", "first"): read_plainly,
        ("plain", "again"): read_plainly,
    }
    for door, model in models.items():
        calls[door, "open"] = partial(model, batch)
        calls[door, "off"] = partial(read_off, model, batch)
    for call in calls.values():
        call()
    times = {key: [] for key in calls}
    for repetition in range(repetitions):
        order = list(calls)
        for key in order[repetition % len(order) :] + order[: repetition % len(order)]:
            start = time.process_time()
            calls[key]()
            times[key].append(time.process_time() - start)
    found: dict[str, dict[str, float]] = {door: {} for door in ("plain", *models)}
    for (door, state), taken in times.items():
        pairs = zip(taken, times["plain", "first"], strict=True)
        found[door][state] = statistics.median(one / plain for one, plain in pairs)
    found["plain"]["seconds"] = statistics.median(times["plain", "first"])
    return found


def read_off(model: Bert, batch: Encoding) -> None:
    """A pass with the door taken out."""
    with model.injector.off():
        model(batch)


if __name__ == "__main__":
    main()
