"""Into BERT: loading and reading it, finding the entities a text names, and the doors by which vectors enter."""

from __future__ import annotations

from kgwb.bert.additions.adapter import Adapter as Adapter
from kgwb.bert.additions.addition import Addition as Addition
from kgwb.bert.additions.addition import extend as extend
from kgwb.bert.additions.experts import Experts as Experts
from kgwb.bert.additions.lora import LoRA as LoRA
from kgwb.bert.additions.prefix import Prefix as Prefix
from kgwb.bert.alignment.alignment import Alignment as Alignment
from kgwb.bert.alignment.alignment import align_vectors as align_vectors
from kgwb.bert.alignment.missing_vectors import fill_missing_vectors as fill_missing_vectors
from kgwb.bert.doors.door import Door as Door
from kgwb.bert.encoding import Encoding as Encoding
from kgwb.bert.heads import HeadHabits as HeadHabits
from kgwb.bert.heads import measure_heads as measure_heads
from kgwb.bert.importance import Importance as Importance
from kgwb.bert.importance import measure_importance as measure_importance
from kgwb.bert.injection import inject as inject
from kgwb.bert.injector import Injector as Injector
from kgwb.bert.linked_pairs import LinkScore as LinkScore
from kgwb.bert.linked_pairs import score_links as score_links
from kgwb.bert.linking import Links as Links
from kgwb.bert.linking import link_mentions as link_mentions
from kgwb.bert.loading import load_bert as load_bert
from kgwb.bert.mentions import find_mentions as find_mentions
from kgwb.bert.model import Bert as Bert
from kgwb.bert.parameter_counts import count_parameters as count_parameters
from kgwb.bert.reading import Reading as Reading
from kgwb.bert.reading import read as read
from kgwb.bert.rollout import roll_out as roll_out
from kgwb.bert.task_head import TaskHead as TaskHead
from kgwb.bert.tokenizing import encode_sentences as encode_sentences
from kgwb.bert.wordings import teach_wordings as teach_wordings
