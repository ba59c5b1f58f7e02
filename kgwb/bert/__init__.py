"""Into BERT: loading and reading it, finding the entities a text names, and the doors by which vectors enter."""

from __future__ import annotations

from kgwb.bert.alignment.alignment import Alignment as Alignment
from kgwb.bert.alignment.alignment import align_vectors as align_vectors
from kgwb.bert.alignment.missing_vectors import fill_missing_vectors as fill_missing_vectors
from kgwb.bert.doors.injector import Injector as Injector
from kgwb.bert.encoding import Encoding as Encoding
from kgwb.bert.encoding import encode_sentences as encode_sentences
from kgwb.bert.injection import inject as inject
from kgwb.bert.linking.linking import Links as Links
from kgwb.bert.linking.linking import link_mentions as link_mentions
from kgwb.bert.linking.mentions import find_mentions as find_mentions
from kgwb.bert.model import Bert as Bert
from kgwb.bert.model import load_bert as load_bert
from kgwb.bert.reading import Reading as Reading
from kgwb.bert.reading import read as read
