"""kgwb: a knowledge-graph × BERT workbench for notebooks.

A file of triples becomes vectors, the vectors enter BERT, and BERT becomes pictures. Every public name is
reachable from here and loaded when first used, so that `import kgwb` is quick and training needs no widgets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgwb.embed import RESCAL as RESCAL
    from kgwb.embed import AdversarialNegatives as AdversarialNegatives
    from kgwb.embed import AffineEncoder as AffineEncoder
    from kgwb.embed import ComplEx as ComplEx
    from kgwb.embed import CompositionConvolution as CompositionConvolution
    from kgwb.embed import DistMult as DistMult
    from kgwb.embed import EncoderChain as EncoderChain
    from kgwb.embed import Epoch as Epoch
    from kgwb.embed import GraphEmbedding as GraphEmbedding
    from kgwb.embed import LiteralEncoder as LiteralEncoder
    from kgwb.embed import RankReport as RankReport
    from kgwb.embed import RelationalConvolution as RelationalConvolution
    from kgwb.embed import RotatE as RotatE
    from kgwb.embed import Scorer as Scorer
    from kgwb.embed import TransE as TransE
    from kgwb.embed import VariationalEncoder as VariationalEncoder
    from kgwb.embed import calibrate as calibrate
    from kgwb.embed import classify_triples as classify_triples
    from kgwb.embed import estimate_cost as estimate_cost
    from kgwb.embed import learn_baseline as learn_baseline
    from kgwb.embed import load_embedding as load_embedding
    from kgwb.embed import preset as preset
    from kgwb.embed import rank_triples as rank_triples
    from kgwb.embed import read_vectors as read_vectors
    from kgwb.embed import score_leaks as score_leaks
    from kgwb.embed import train_embedding as train_embedding
    from kgwb.embed import write_vectors as write_vectors
    from kgwb.environment import doctor as doctor
    from kgwb.graph import GraphStore as GraphStore
    from kgwb.graph import KnowledgeGraph as KnowledgeGraph
    from kgwb.graph import Mention as Mention
    from kgwb.graph import Sentence as Sentence
    from kgwb.graph import Split as Split
    from kgwb.graph import add_types as add_types
    from kgwb.graph import apply_rules as apply_rules
    from kgwb.graph import find_leakage as find_leakage
    from kgwb.graph import find_rules as find_rules
    from kgwb.graph import from_pykeen as from_pykeen
    from kgwb.graph import learn_wordings as learn_wordings
    from kgwb.graph import load_dataset as load_dataset
    from kgwb.graph import match_pattern as match_pattern
    from kgwb.graph import query_graph as query_graph
    from kgwb.graph import read_graph as read_graph
    from kgwb.graph import read_sentences as read_sentences
    from kgwb.graph import read_split as read_split
    from kgwb.graph import split_triples as split_triples
    from kgwb.graph import to_pykeen as to_pykeen
    from kgwb.graph import verbalise as verbalise
    from kgwb.graph import write_graph as write_graph
    from kgwb.graph import write_split as write_split
    from kgwb.inject import Bert as Bert
    from kgwb.inject import Injector as Injector
    from kgwb.inject import Reading as Reading
    from kgwb.inject import align as align
    from kgwb.inject import fill_missing as fill_missing
    from kgwb.inject import find_mentions as find_mentions
    from kgwb.inject import inject as inject
    from kgwb.inject import link_mentions as link_mentions
    from kgwb.inject import load_bert as load_bert
    from kgwb.inject import read as read
    from kgwb.see import log_to_tensorboard as log_to_tensorboard
    from kgwb.see import log_to_wandb as log_to_wandb
    from kgwb.see import record_film as record_film
    from kgwb.see import show_attention as show_attention
    from kgwb.see import show_graph as show_graph
    from kgwb.see import show_probe as show_probe
    from kgwb.see import show_space as show_space
    from kgwb.see import show_training as show_training
    from kgwb.see import write_page as write_page
    from kgwb.tune import MaskedAnswers as MaskedAnswers
    from kgwb.tune import MaskedWords as MaskedWords
    from kgwb.tune import NextSentences as NextSentences
    from kgwb.tune import Question as Question
    from kgwb.tune import Questions as Questions
    from kgwb.tune import Step as Step
    from kgwb.tune import answer_questions as answer_questions
    from kgwb.tune import ask_questions as ask_questions
    from kgwb.tune import attribute_answer as attribute_answer
    from kgwb.tune import compare_doors as compare_doors
    from kgwb.tune import hold_out as hold_out
    from kgwb.tune import mark_mentions as mark_mentions
    from kgwb.tune import misdirect as misdirect
    from kgwb.tune import plan_runs as plan_runs
    from kgwb.tune import probe as probe
    from kgwb.tune import read_corpus as read_corpus
    from kgwb.tune import remove_answers as remove_answers
    from kgwb.tune import tell_facts as tell_facts
    from kgwb.tune import try_edits as try_edits
    from kgwb.tune import tune as tune

_ROOMS = {
    "kgwb.graph": (
        "GraphStore KnowledgeGraph Mention Sentence Split add_types apply_rules find_leakage find_rules "
        "from_pykeen learn_wordings load_dataset match_pattern query_graph read_graph read_sentences "
        "read_split split_triples to_pykeen verbalise write_graph write_split"
    ),
    "kgwb.embed": (
        "AdversarialNegatives AffineEncoder ComplEx CompositionConvolution DistMult EncoderChain Epoch "
        "GraphEmbedding LiteralEncoder RESCAL RankReport RelationalConvolution RotatE Scorer TransE "
        "VariationalEncoder calibrate classify_triples estimate_cost learn_baseline load_embedding "
        "preset rank_triples read_vectors score_leaks train_embedding write_vectors"
    ),
    "kgwb.inject": ("Bert Injector Reading align fill_missing find_mentions inject link_mentions load_bert read"),
    "kgwb.tune": (
        "MaskedAnswers MaskedWords NextSentences Question Questions Step answer_questions ask_questions "
        "attribute_answer compare_doors hold_out mark_mentions misdirect plan_runs probe read_corpus "
        "remove_answers tell_facts try_edits tune"
    ),
    "kgwb.see": (
        "log_to_tensorboard log_to_wandb record_film show_attention show_graph show_probe show_space "
        "show_training write_page"
    ),
    "kgwb.environment": ("doctor"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}
__all__ = sorted(_ROOM_OF)  # noqa: PLE0605
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"kgwb has no {name!r}. Public names: {', '.join(__all__)}.")
    room = import_module(_ROOM_OF[name])
    return room if room.__name__ == f"{__name__}.{name}" else getattr(room, name)


def __dir__() -> list[str]:
    return __all__
