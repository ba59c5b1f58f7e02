"""Run notebooks in a fresh kernel and save them as readers without a kernel should see them.

    python tests/notebooks/saving.py notebooks/*.ipynb

Cells run 1..n; widget state goes, and so does every widget that has a static picture beside it, so that a page on a
code-hosting site shows the picture. The picture of the cell tagged `figure` is also written to `pictures/`, for the top of the
notebook. Kept answers (`kgwb.lessons.probe_kept`) are computed and written anew to `kept/`.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from smaller import make_smaller

WIDGET = "application/vnd.jupyter.widget-view+json"
SVG = "image/svg+xml"
STILL = re.compile(r'<figure class="kgwb-still[^>]*><img [^>]*src="data:image/svg\+xml;base64,([^"]*)"')
LARGEST = 1_000_000
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def run_notebook(
    path: Path,
    *,
    replace: dict[str, str] | None = None,
    after: Iterable[str] = (),
    smaller: Mapping[str, str] | None = None,
    seconds: int = 900,
) -> Any:
    """Run a notebook from top to bottom, in its own folder.

    Args:
        path: the notebook.
        replace: new source for cells that carry one of these tags: solutions in place of exercises.
        after: the source of further cells, run where the notebook's last one left off.
        smaller: what stands in its code, and what to run in its place, as in `smaller.SMALLER`.
        seconds: how long one cell may take.
    """
    notebook = nbformat.read(path, as_version=4)
    make_smaller(notebook, smaller or {})
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            cell.source = (replace or {}).get(tag, cell.source)
    notebook.cells += map(new_code_cell, after)
    quiet = ["--IPKernelApp.log_level=40"]  # its warning about ports is not for whoever saves a notebook
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        extra_arguments=quiet,
        resources={"metadata": {"path": str(path.parent)}},
    )
    return client.execute()


def strip_notebook(notebook: Any) -> Any:
    """The same notebook without widget state, timings, and widgets that nobody could see without a kernel."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _strip_output(output)]
    return notebook


def _strip_output(output: Any) -> bool:
    """Take the widget out of an output; False if a reader without a kernel would see nothing of it."""
    if output.output_type == "stream":
        return output.name == "stdout"  # progress bars and warnings are for whoever runs it
    if output.output_type not in ("display_data", "execute_result"):
        return True
    output.metadata = {}
    _show_pictures(output.data)
    if output.data.pop(WIDGET, None) is None:
        return True
    return any(kind != "text/plain" for kind in output.data)


def _show_pictures(data: Any) -> None:
    """A still picture as what it is: code hosts show it, and its mark, which differs each time, is not saved."""
    page = data.get("text/html", "")
    pictures = STILL.findall(page)
    if len(pictures) == 1:
        data[SVG] = base64.b64decode(pictures[0]).decode("utf-8")
        del data["text/html"]
    elif pictures:
        data["text/html"] = re.sub(r" kgwb-still-\w+", "", page)


def find_warnings(notebook: Any) -> list[str]:
    """What libraries warned of while a notebook ran, before `strip_notebook` takes it out."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = [output.text for output in outputs if output.get("name") == "stderr"]
    return [text for text in said if re.search(r"\b\w*Warning: ", text)]


def find_figures(notebook: Any) -> list[str]:
    """The SVG of the cell tagged `figure`, if there is one."""
    cells = [cell for cell in notebook.cells if "figure" in cell.metadata.get("tags", [])]
    return [output.data[SVG] for cell in cells for output in cell.outputs if SVG in output.get("data", {})][:1]


def save_notebook(path: Path) -> str:
    """Run a notebook, save it in place, and say how long it took and how large it became."""
    began = time.perf_counter()
    ran = run_notebook(path)
    if warned := find_warnings(ran):
        raise ValueError(f"{path}: a library warns, which its readers would see. Mend it first: {warned[0]}")
    notebook = strip_notebook(ran)
    text = nbformat.writes(notebook) + "\n"
    if len(text.encode()) > LARGEST:
        raise ValueError(
            f"{path} would be {len(text.encode()):,} bytes. Expected at most {LARGEST:,}: draw smaller pictures."
        )
    path.write_text(text, encoding="utf-8")
    for figure in find_figures(notebook):
        picture = path.parent / "pictures" / f"{path.stem}.svg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(figure + "\n", encoding="utf-8")
    return f"{path}: {time.perf_counter() - began:.0f} s, {len(text.encode()) / 1e3:.0f} kB"


if __name__ == "__main__":
    os.environ.pop("KGWB_QUICK", None)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["KGWB_KEEP"] = "1"
    for name in sys.argv[1:]:
        sys.stdout.write(save_notebook(Path(name)) + "\n")
