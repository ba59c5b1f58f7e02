"""Learning together: questions made from a graph's sentences, tasks to tune on, and probing what was learnt."""

from __future__ import annotations

from kgwb.learn.answer_files import AnswerFileError as AnswerFileError
from kgwb.learn.answers import AttributionReport as AttributionReport
from kgwb.learn.answers import answer_questions as answer_questions
from kgwb.learn.answers import attribute_answer as attribute_answer
from kgwb.learn.asking import answer as answer
from kgwb.learn.controls import mark_mentions as mark_mentions
from kgwb.learn.controls import misdirect_mentions as misdirect_mentions
from kgwb.learn.controls import prepend_facts as prepend_facts
from kgwb.learn.controls import remove_answers as remove_answers
from kgwb.learn.corpus import Corpus as Corpus
from kgwb.learn.corpus import read_corpus as read_corpus
from kgwb.learn.editing import EditReport as EditReport
from kgwb.learn.editing import measure_edits as measure_edits
from kgwb.learn.frames.cloze_classes import ClozeClasses as ClozeClasses
from kgwb.learn.frames.entity_tags import EntityTags as EntityTags
from kgwb.learn.frames.entity_types import EntityTypes as EntityTypes
from kgwb.learn.frames.frame_task import FrameTask as FrameTask
from kgwb.learn.frames.predicting import TaskScore as TaskScore
from kgwb.learn.frames.predicting import predict as predict
from kgwb.learn.frames.predicting import score_predictions as score_predictions
from kgwb.learn.frames.relation_classes import RelationClasses as RelationClasses
from kgwb.learn.frames.text_classes import TextClasses as TextClasses
from kgwb.learn.masked_words import MaskedWords as MaskedWords
from kgwb.learn.masked_words import predict_masked_words as predict_masked_words
from kgwb.learn.next_sentences import NextSentences as NextSentences
from kgwb.learn.pair_completion import PairCompletion as PairCompletion
from kgwb.learn.policies import Policy as Policy
from kgwb.learn.probing import probe as probe
from kgwb.learn.questions import Question as Question
from kgwb.learn.questions import Questions as Questions
from kgwb.learn.questions import make_questions as make_questions
from kgwb.learn.report import ProbeReport as ProbeReport
from kgwb.learn.report import read_report as read_report
from kgwb.learn.report_files import ReportFileError as ReportFileError
from kgwb.learn.runs import plan_runs as plan_runs
from kgwb.learn.tasks import MaskedAnswers as MaskedAnswers
from kgwb.learn.tasks import PreparedTask as PreparedTask
from kgwb.learn.tasks import Task as Task
from kgwb.learn.text_completion import TextCompletion as TextCompletion
from kgwb.learn.text_ranker import TextRanker as TextRanker
from kgwb.learn.text_reranker import TextReranker as TextReranker
from kgwb.learn.tuning import Step as Step
from kgwb.learn.tuning import tune as tune
from kgwb.learn.unseen_questions import split_questions as split_questions
