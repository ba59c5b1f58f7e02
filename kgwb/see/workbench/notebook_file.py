"""Steps as a notebook that runs from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kgwb.checks import expect_each, expect_text
from kgwb.files import write_whole
from kgwb.see.page import expect_file, write_document


def write_notebook(path: str | Path, cells: Sequence[tuple[str, str]], *, title: str) -> Path:
    """Write steps as a notebook, and return its path.

    Args:
        path: ends in .ipynb.
        cells: (what stands above it, Python) for each step.
        title: of the notebook.

    Raises:
        IsADirectoryError: the path is a folder.
        ValueError: it ends in anything else.
    """
    place = expect_file(path, (".ipynb",), name="workbench.ipynb")
    expect_text("title", title, usual="My graph")
    found = expect_each(
        cells, tuple, "A heading and its Python", call="write_notebook(path, [('Facts', 'graph')], title='A')"
    )
    written = [_write_cell(0, "markdown", f"# {title}")]
    for heading, code in found:
        written += [_write_cell(len(written), "markdown", f"## {heading}"), _write_cell(len(written) + 1, "code", code)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    document = {
        "cells": written,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return write_document(place, json.dumps(document, ensure_ascii=False, indent=1) + "\n", name="workbench.ipynb")


def write_facts_beside(folder: Path, name: str, content: bytes) -> list[Path]:
    """Write a file of facts into a notebook's folder, unless it is there already; returns what was written.

    Raises:
        FileExistsError: another file of this name stands there.
    """
    file = folder / name
    if not file.exists():
        with write_whole(file) as new:
            new.write_bytes(content)
        return [file]
    if file.read_bytes() != content:
        raise FileExistsError(f"{file} is there already and holds something else. Save the notebook in another folder.")
    return []


def _write_cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"step-{number}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
