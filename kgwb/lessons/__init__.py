"""Beside the notebooks: checks for their exercises, and budgets that shrink when a notebook is only being tried out."""

from kgwb.lessons.budgets import budget as budget
from kgwb.lessons.checks import Verdict as Verdict
from kgwb.lessons.checks import check as check
