"""Into BERT: loading and reading it, finding the entities a text names, and the doors by which vectors enter."""

from __future__ import annotations

import sys

from kgwb.inject.alignment.alignment import Alignment as Alignment
from kgwb.inject.alignment.alignment import align as align
from kgwb.inject.alignment.missing_vectors import fill_missing as fill_missing
from kgwb.inject.bert import Bert as Bert
from kgwb.inject.bert import load_bert as load_bert
from kgwb.inject.door import inject as inject
from kgwb.inject.doors.injector import Injector as Injector
from kgwb.inject.encoding import Encoding as Encoding
from kgwb.inject.encoding import encode as encode
from kgwb.inject.linking.linking import Links as Links
from kgwb.inject.linking.linking import link_mentions as link_mentions
from kgwb.inject.linking.mentions import find_mentions as find_mentions
from kgwb.inject.reading import Reading as Reading
from kgwb.inject.reading import read as read
from kgwb.rooms import CallableRoom

sys.modules[__name__].__class__ = CallableRoom
