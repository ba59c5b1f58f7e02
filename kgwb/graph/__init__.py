"""What we know: graphs, their files, their splits, and sentences about them.

A `KnowledgeGraph` is integer triples beside a table of entities and a table of relations. `read_graph` and
`write_graph` carry it from and to files, `split_triples` and `read_split` divide it, `find_leakage` says what a split
gives away, and `read_sentences` brings the texts in which its entities are marked.
"""

from __future__ import annotations

from kgwb.graph.alike_names import merge_alike_names as merge_alike_names
from kgwb.graph.changes import GraphChanges as GraphChanges
from kgwb.graph.changes import compare_graphs as compare_graphs
from kgwb.graph.conclusions import apply_rules as apply_rules
from kgwb.graph.datasets import load_dataset as load_dataset
from kgwb.graph.errors import GraphFileError as GraphFileError
from kgwb.graph.errors import UnknownNameError as UnknownNameError
from kgwb.graph.files.pykeen import from_pykeen as from_pykeen
from kgwb.graph.files.pykeen import to_pykeen as to_pykeen
from kgwb.graph.files.reading import read_graph as read_graph
from kgwb.graph.files.reading import read_split as read_split
from kgwb.graph.files.writing import write_graph as write_graph
from kgwb.graph.files.writing import write_split as write_split
from kgwb.graph.knowledge_graph import KnowledgeGraph as KnowledgeGraph
from kgwb.graph.paths import Walk as Walk
from kgwb.graph.paths import find_paths as find_paths
from kgwb.graph.paths import follow_path as follow_path
from kgwb.graph.patterns import match_pattern as match_pattern
from kgwb.graph.patterns import select_neighbourhood as select_neighbourhood
from kgwb.graph.querying import GraphStore as GraphStore
from kgwb.graph.querying import query_graph as query_graph
from kgwb.graph.rolling import roll_up as roll_up
from kgwb.graph.rules import find_rules as find_rules
from kgwb.graph.samples import sample as sample
from kgwb.graph.sentences import Mention as Mention
from kgwb.graph.sentences import Sentence as Sentence
from kgwb.graph.sentences import read_sentences as read_sentences
from kgwb.graph.splitting import LeakageReport as LeakageReport
from kgwb.graph.splitting import Split as Split
from kgwb.graph.splitting import find_leakage as find_leakage
from kgwb.graph.splitting import split_triples as split_triples
from kgwb.graph.type_facts import add_types as add_types
from kgwb.graph.wording import learn_wordings as learn_wordings
from kgwb.graph.wording import verbalise as verbalise
