"""Learning together: questions made from a graph's sentences, tuning on them, and probing what was learnt."""

from __future__ import annotations

import sys

from kgwb.rooms import CallableRoom
from kgwb.tune.attribution import attribute_answer as attribute_answer
from kgwb.tune.comparison import compare_doors as compare_doors
from kgwb.tune.controls import mark_mentions as mark_mentions
from kgwb.tune.controls import misdirect as misdirect
from kgwb.tune.controls import remove_answers as remove_answers
from kgwb.tune.controls import tell_facts as tell_facts
from kgwb.tune.corpus import Corpus as Corpus
from kgwb.tune.corpus import read_corpus as read_corpus
from kgwb.tune.editing import Edits as Edits
from kgwb.tune.editing import try_edits as try_edits
from kgwb.tune.next_sentences import NextSentences as NextSentences
from kgwb.tune.objectives import MaskedAnswers as MaskedAnswers
from kgwb.tune.policies import Policy as Policy
from kgwb.tune.pretraining import MaskedWords as MaskedWords
from kgwb.tune.probing import answer_questions as answer_questions
from kgwb.tune.probing import plan_runs as plan_runs
from kgwb.tune.probing import probe as probe
from kgwb.tune.questions import Question as Question
from kgwb.tune.questions import Questions as Questions
from kgwb.tune.questions import ask_questions as ask_questions
from kgwb.tune.questions import hold_out as hold_out
from kgwb.tune.tuning import Step as Step
from kgwb.tune.tuning import tune as tune

sys.modules[__name__].__class__ = CallableRoom
