"""What notebook 00 suggests to try in its cell of parameters goes through the whole notebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import saving

PATH = Path(__file__).parents[2] / "notebooks" / "00_the_whole_journey.ipynb"


def test_the_journey_goes_through_a_world_that_bert_has_read_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_QUICK", "1")
    cells = nbformat.read(PATH, as_version=4).cells
    [parameters] = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    [code] = re.findall(r"```python\n(.*?)```", cells[-1].source, re.DOTALL)
    assert '"world"' in code and "France" in code
    ran = saving.run_notebook(PATH, replace={"parameters": f"{parameters}\n{code}"})
    printed = [
        str(output.get("data", {}).get("text/plain")) for cell in ran.cells for output in cell.get("outputs", [])
    ]
    assert any("KnowledgeGraph 'world'" in each for each in printed)
    assert any("Computed here" in each and "capital" in each for each in printed)
