"""What the tests do less of than `KGWB_QUICK=1` does for a reader: each line still runs, over fewer questions and steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EVERY_FOURTH = 'asked[asked["group"] % 4 == 0]'
# For each notebook what stands in its code, and what the tests put in its place.
SMALLER: dict[str, dict[str, str]] = {
    "07_learning_together": {
        "budget(None, quick=60)": "32",
        "budget(28, quick=3)": "1",
        "budget(2, quick=12)": "24",
    },
    "09_text_to_graph_and_back": {
        "budget(300, quick=40)": "12",
    },
    "11_question_answering": {
        "compare_ways(graph, asked, bert,": f"compare_ways(graph, {_EVERY_FOURTH}, bert,",
        "repeat_reasons(reader, asked,": f"repeat_reasons(reader, {_EVERY_FOURTH},",
    },
    "15_customer_service": {"exams = budget(5, quick=2)": "exams = 1", "shuffles = budget(5, quick=2)": "shuffles = 1"},
}


def make_smaller(notebook: Any, changes: Mapping[str, str]) -> None:
    """Put the smaller in place of what stands in the code of a notebook, once each; the notebook given is changed."""
    for old, new in changes.items():
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and old in cell.source]
        if len(cells) != 1 or cells[0].source.count(old) != 1:
            raise ValueError(f"{old!r} stands in {len(cells)} cells; expected one. Mend tests/notebooks/smaller.py.")
        cells[0].source = cells[0].source.replace(old, new)
