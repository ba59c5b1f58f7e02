"""The graph as vectors: a scorer is an equation, an embedding is its tables; train, rank, predict and save it."""

from __future__ import annotations

from kgwb.embed.encoders.affine_encoder import AffineEncoder as AffineEncoder
from kgwb.embed.encoders.composition_convolution import CompositionConvolution as CompositionConvolution
from kgwb.embed.encoders.encoder_chain import EncoderChain as EncoderChain
from kgwb.embed.encoders.literal_encoder import LiteralEncoder as LiteralEncoder
from kgwb.embed.encoders.relational_convolution import RelationalConvolution as RelationalConvolution
from kgwb.embed.encoders.variational_encoder import VariationalEncoder as VariationalEncoder
from kgwb.embed.errors import EmbeddingFileError as EmbeddingFileError
from kgwb.embed.errors import TrainingError as TrainingError
from kgwb.embed.exporting import write_vectors as write_vectors
from kgwb.embed.graph_embedding import GraphEmbedding as GraphEmbedding
from kgwb.embed.importing import read_vectors as read_vectors
from kgwb.embed.presets import preset as preset
from kgwb.embed.ranking.baseline import fit_baseline as fit_baseline
from kgwb.embed.ranking.calibration import calibrate_scores as calibrate_scores
from kgwb.embed.ranking.classification import classify_triples as classify_triples
from kgwb.embed.ranking.leaks import score_leaks as score_leaks
from kgwb.embed.ranking.rank_report import RankReport as RankReport
from kgwb.embed.ranking.ranks import rank_triples as rank_triples
from kgwb.embed.saving import load_embedding as load_embedding
from kgwb.embed.scorers.complex_bilinear import ComplEx as ComplEx
from kgwb.embed.scorers.distmult import DistMult as DistMult
from kgwb.embed.scorers.rescal import RESCAL as RESCAL
from kgwb.embed.scorers.rotate import RotatE as RotatE
from kgwb.embed.scorers.scorer import Scorer as Scorer
from kgwb.embed.scorers.transe import TransE as TransE
from kgwb.embed.training.adversary import AdversarialNegatives as AdversarialNegatives
from kgwb.embed.training.cost import estimate_cost as estimate_cost
from kgwb.embed.training.loop import train_embedding as train_embedding
from kgwb.embed.training.run import Epoch as Epoch
