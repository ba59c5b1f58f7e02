"""What encoders and attributes add to a plain scorer within the same epochs, on UMLS or FB15k-237.

python tests/benchmarks/encoders.py --data-set umls
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import SCORERS, begin, record
from torch import nn

import kgwb
from kgwb.embed.encoders.affine_encoder import AffineEncoder
from kgwb.embed.encoders.composition_convolution import CompositionConvolution
from kgwb.embed.encoders.literal_encoder import LiteralEncoder
from kgwb.embed.encoders.relational_convolution import RelationalConvolution
from kgwb.embed.encoders.variational_encoder import VariationalEncoder

ENCODERS: dict[str, Callable[[kgwb.graph.Split, int], nn.Module | None]] = {
    "none": lambda split, dim: None,
    "relational": lambda split, dim: RelationalConvolution(split, dim=dim),
    "composition": lambda split, dim: CompositionConvolution(split, dim=dim),
    "variational": lambda split, dim: VariationalEncoder(split, dim=dim),
    "literal": lambda split, dim: LiteralEncoder(split, dim=dim),
    "affine": lambda split, dim: AffineEncoder(dim=dim),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "umls": {"dim": 64, "epochs": 60, "batch": 250, "dropout": 0.5},
    "fb15k-237": {"dim": 64, "epochs": 5, "batch": 2000, "dropout": 0.3},
}
BILINEAR = {"loss": "logistic", "negatives": 50}  # the articles' small model: v = W h + b, relation, −log σ
log = logging.getLogger("bench")


def main() -> None:
    """Train each encoder before the scorer, with the budget of the plain one, and write the figures down."""
    from tqdm import tqdm

    asked = read_arguments()
    data = begin(asked.data_set, threads=asked.threads)
    if data is None:
        return
    options = SETTINGS[asked.data_set] | {"learning_rate": 0.1, "reciprocal": True}
    options |= {"epochs": asked.epochs or options["epochs"], "dim": asked.dim or options["dim"]}
    if asked.bilinear:
        options |= BILINEAR
    for encoder in tqdm(asked.encoders, unit="encoder"):
        found = measure(data / asked.data_set, asked.scorer, encoder, options)
        loss = " logistic" if asked.bilinear else ""
        setting = f"{asked.scorer}{loss}, {options['dim']} reals, {options['epochs']} epochs"
        mrr, hits = f"{found['mrr']:.3f}", " / ".join(f"{share:.3f}" for share in found["hits"])
        row = [asked.data_set, setting, encoder, f"{mrr} / {hits}", f"{found['seconds'] / options['epochs']:.2g} s"]
        log.info("%s", " | ".join(row))
        record("encoders", {"scorer": asked.scorer, "encoder": encoder, "options": options, **found}, row)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-set", choices=SETTINGS, default="umls", help="a folder of KGWB_DATA")
    parser.add_argument("--scorer", choices=SCORERS, default="distmult")
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    parser.add_argument("--bilinear", action="store_true", help="the logistic loss over sampled negatives, 50 a batch")
    parser.add_argument("--epochs", type=int, default=0, help="0 for the data set's own")
    parser.add_argument("--dim", type=int, default=0, help="0 for the data set's own")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    return parser.parse_args()


def measure(folder: Path, scorer: str, encoder: str, options: dict[str, Any]) -> dict[str, Any]:
    """Test MRR and hits, the losses, and seconds of training."""
    split, arguments = kgwb.read_split(folder), dict(options)
    dim = arguments.pop("dim")
    vectors = kgwb.GraphEmbedding(split.graph, SCORERS[scorer], dim=dim, encoder=ENCODERS[encoder](split, dim))
    epochs = list(kgwb.train_embedding(vectors, split, **arguments))
    report = kgwb.rank_triples(vectors, split.test, known=split.known)
    return {
        "mrr": report.mrr,
        "hits": [report.hits(k) for k in (1, 3, 10)],
        "losses": [epoch.loss for epoch in epochs],
        "seconds": sum(epoch.seconds for epoch in epochs),
        "protocol": repr(report),
    }


if __name__ == "__main__":
    main()
