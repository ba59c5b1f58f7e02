"""The graph as vectors: a scorer is an equation, an embedding is its tables; train, rank, predict and save it."""

from __future__ import annotations

from kgwb.embed.analogies import complete_analogy as complete_analogy
from kgwb.embed.attributes.filling import FilledAttributes as FilledAttributes
from kgwb.embed.attributes.filling import fill_attributes as fill_attributes
from kgwb.embed.attributes.path_means import average_along as average_along
from kgwb.embed.clusters import EntityClusters as EntityClusters
from kgwb.embed.clusters import cluster_entities as cluster_entities
from kgwb.embed.embedding_files import EmbeddingFileError as EmbeddingFileError
from kgwb.embed.encoders.affine_encoder import AffineEncoder as AffineEncoder
from kgwb.embed.encoders.composition_convolution import CompositionConvolution as CompositionConvolution
from kgwb.embed.encoders.encoder import EncoderChain as EncoderChain
from kgwb.embed.encoders.literal_encoder import LiteralEncoder as LiteralEncoder
from kgwb.embed.encoders.relational_convolution import RelationalConvolution as RelationalConvolution
from kgwb.embed.encoders.variational_encoder import VariationalEncoder as VariationalEncoder
from kgwb.embed.exporting import write_vectors as write_vectors
from kgwb.embed.graph_embedding import GraphEmbedding as GraphEmbedding
from kgwb.embed.importing import read_vectors as read_vectors
from kgwb.embed.loading import load_embedding as load_embedding
from kgwb.embed.path_networks.explaining import explain_answer as explain_answer
from kgwb.embed.path_networks.network import PathNetwork as PathNetwork
from kgwb.embed.path_networks.network_loading import load_path_network as load_path_network
from kgwb.embed.path_networks.training import train_path_network as train_path_network
from kgwb.embed.presets import preset as preset
from kgwb.embed.ranking.baseline import fit_baseline as fit_baseline
from kgwb.embed.ranking.calibration import calibrate_scores as calibrate_scores
from kgwb.embed.ranking.cardinality import CardinalityRanker as CardinalityRanker
from kgwb.embed.ranking.cardinality import fit_cardinality as fit_cardinality
from kgwb.embed.ranking.classification import classify_triples as classify_triples
from kgwb.embed.ranking.leaks import score_leaks as score_leaks
from kgwb.embed.ranking.missing_facts import MissingFacts as MissingFacts
from kgwb.embed.ranking.missing_facts import find_missing_facts as find_missing_facts
from kgwb.embed.ranking.rank_report import RankReport as RankReport
from kgwb.embed.ranking.ranks import rank_triples as rank_triples
from kgwb.embed.rules.joined_ranker import JoinedRanker as JoinedRanker
from kgwb.embed.rules.joining import join_rankers as join_rankers
from kgwb.embed.rules.mining import mine_rules as mine_rules
from kgwb.embed.rules.rule_ranker import RuleRanker as RuleRanker
from kgwb.embed.scorers import *  # noqa: F403 # every equation; their one list stands there
from kgwb.embed.scorers.scorer import Scorer as Scorer
from kgwb.embed.settings.finding import SettingsSearch as SettingsSearch
from kgwb.embed.settings.finding import find_settings as find_settings
from kgwb.embed.settings.floor import find_loss_floor as find_loss_floor
from kgwb.embed.settings.trial import Trial as Trial
from kgwb.embed.starting_vectors import start_embedding as start_embedding
from kgwb.embed.training.adversary import AdversarialNegatives as AdversarialNegatives
from kgwb.embed.training.cost import estimate_cost as estimate_cost
from kgwb.embed.training.loop import train_embedding as train_embedding
from kgwb.embed.training.relation_negatives import RelationNegatives as RelationNegatives
from kgwb.embed.training.state import Epoch as Epoch
from kgwb.embed.training.state import TrainingError as TrainingError
from kgwb.embed.updating.embedding_update import EmbeddingUpdate as EmbeddingUpdate
from kgwb.embed.updating.folding import fold_in as fold_in
from kgwb.embed.updating.update import update_embedding as update_embedding
