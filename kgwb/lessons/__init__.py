"""Beside the notebooks: checks for their exercises, and budgets that shrink when a notebook is only being tried out."""

from kgwb.lessons.checks import Verdict as Verdict
from kgwb.lessons.checks import check as check
from kgwb.lessons.grading import grade as grade
from kgwb.lessons.kept_answers import probe_kept as probe_kept
from kgwb.lessons.real_data import use_answer as use_answer
from kgwb.lessons.training import budget as budget
from kgwb.lessons.training import train_vectors as train_vectors
