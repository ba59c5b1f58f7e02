"""kgwb: a knowledge-graph × BERT workbench for notebooks.

A file of triples becomes vectors, the vectors enter BERT, and BERT becomes pictures. Every public name is
reachable from here and loaded when first used, so that `import kgwb` is quick and training needs no widgets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgwb.embed import ComplEx as ComplEx
    from kgwb.embed import DistMult as DistMult
    from kgwb.embed import Epoch as Epoch
    from kgwb.embed import GraphEmbedding as GraphEmbedding
    from kgwb.embed import RankReport as RankReport
    from kgwb.embed import RotatE as RotatE
    from kgwb.embed import Scorer as Scorer
    from kgwb.embed import TransE as TransE
    from kgwb.embed import load_embedding as load_embedding
    from kgwb.embed import preset as preset
    from kgwb.embed import rank_triples as rank_triples
    from kgwb.embed import train_embedding as train_embedding
    from kgwb.graph import KnowledgeGraph as KnowledgeGraph
    from kgwb.graph import Mention as Mention
    from kgwb.graph import Sentence as Sentence
    from kgwb.graph import Split as Split
    from kgwb.graph import find_leakage as find_leakage
    from kgwb.graph import read_graph as read_graph
    from kgwb.graph import read_sentences as read_sentences
    from kgwb.graph import read_split as read_split
    from kgwb.graph import split_triples as split_triples
    from kgwb.graph import write_graph as write_graph

_ROOMS = {
    "kgwb.graph": (
        "KnowledgeGraph Mention Sentence Split find_leakage read_graph read_sentences read_split split_triples write_graph"
    ),
    "kgwb.embed": (
        "ComplEx DistMult Epoch GraphEmbedding RankReport RotatE Scorer TransE load_embedding preset rank_triples "
        "train_embedding"
    ),
    "kgwb.inject": "Bert Injector Reading find_mentions inject load_bert read",
    "kgwb.tune": "MaskedAnswers Question Step ask_questions hold_out probe tune",
    "kgwb.see": "show_attention show_graph show_space show_training write_page",
    "kgwb.environment": "doctor",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}
__all__ = sorted(_ROOM_OF)  # noqa: PLE0605
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"kgwb has no {name!r}. Public names: {', '.join(__all__)}.")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
