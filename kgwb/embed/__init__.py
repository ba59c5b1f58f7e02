"""The graph as vectors: a scorer is an equation, an embedding is its tables; train, rank, predict and save it."""

from __future__ import annotations

from kgwb.embed.errors import EmbeddingFileError as EmbeddingFileError
from kgwb.embed.errors import TrainingError as TrainingError
from kgwb.embed.graph_embedding import GraphEmbedding as GraphEmbedding
from kgwb.embed.presets import preset as preset
from kgwb.embed.ranking.rank_report import RankReport as RankReport
from kgwb.embed.ranking.ranks import rank_triples as rank_triples
from kgwb.embed.saving import load_embedding as load_embedding
from kgwb.embed.scorers.complex_bilinear import ComplEx as ComplEx
from kgwb.embed.scorers.distmult import DistMult as DistMult
from kgwb.embed.scorers.rotate import RotatE as RotatE
from kgwb.embed.scorers.scorer import Scorer as Scorer
from kgwb.embed.scorers.transe import TransE as TransE
from kgwb.embed.training.loop import train_embedding as train_embedding
from kgwb.embed.training.run import Epoch as Epoch
