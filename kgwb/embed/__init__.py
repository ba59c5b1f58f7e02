"""The graph as vectors: a scorer is an equation, an embedding is its tables; train, rank, predict and save it."""

from __future__ import annotations

from kgwb.embed.complex_bilinear import ComplEx as ComplEx
from kgwb.embed.distmult import DistMult as DistMult
from kgwb.embed.errors import EmbeddingFileError as EmbeddingFileError
from kgwb.embed.errors import TrainingError as TrainingError
from kgwb.embed.graph_embedding import GraphEmbedding as GraphEmbedding
from kgwb.embed.presets import preset as preset
from kgwb.embed.rank_report import RankReport as RankReport
from kgwb.embed.ranking import rank_triples as rank_triples
from kgwb.embed.rotate import RotatE as RotatE
from kgwb.embed.saving import load_embedding as load_embedding
from kgwb.embed.scorer import Scorer as Scorer
from kgwb.embed.training import Epoch as Epoch
from kgwb.embed.training import train_embedding as train_embedding
from kgwb.embed.transe import TransE as TransE
