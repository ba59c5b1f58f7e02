"""Learning together: questions made from a graph's sentences, tuning on them, and probing what was learnt."""

from __future__ import annotations

from kgwb.learn.attribution import attribute_answer as attribute_answer
from kgwb.learn.comparison import compare_doors as compare_doors
from kgwb.learn.controls import mark_mentions as mark_mentions
from kgwb.learn.controls import misdirect_mentions as misdirect_mentions
from kgwb.learn.controls import prepend_facts as prepend_facts
from kgwb.learn.controls import remove_answers as remove_answers
from kgwb.learn.corpus import Corpus as Corpus
from kgwb.learn.corpus import read_corpus as read_corpus
from kgwb.learn.editing import Edits as Edits
from kgwb.learn.editing import measure_edits as measure_edits
from kgwb.learn.next_sentences import NextSentences as NextSentences
from kgwb.learn.objectives import MaskedAnswers as MaskedAnswers
from kgwb.learn.policies import Policy as Policy
from kgwb.learn.pretraining import MaskedWords as MaskedWords
from kgwb.learn.probing import answer_questions as answer_questions
from kgwb.learn.probing import plan_runs as plan_runs
from kgwb.learn.probing import probe as probe
from kgwb.learn.questions import Question as Question
from kgwb.learn.questions import Questions as Questions
from kgwb.learn.questions import make_questions as make_questions
from kgwb.learn.questions import split_questions as split_questions
from kgwb.learn.tuning import Step as Step
from kgwb.learn.tuning import tune as tune
