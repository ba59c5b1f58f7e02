"""The site, built once for all of these tests by its own environment, with pages that put it to the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from gallery import write_pages
from makers import MAKERS

# They need what is installed in build/site-env only.
collect_ignore = ["building.py", "conf.py", "mathml.py", "other_pages.py", "reference_pages.py", "texts.py"]
FOLDED = "<details>\n<summary>Hint</summary>\n\nThink of *nothing*.\n\n</details>"
SIGNS = "# 98 Signs\n\nIn a line $-\\lVert h + r - t \\rVert_2$, and alone:\n\n$$\\sum_{i=1}^n h_i \\bar{t}_i$$"
CHINESE = "# 98 记号\n\n图谱的嵌入。[回到 02](../02_facts_as_geometry.ipynb)"


@pytest.fixture(scope="session")
def site_python(repository: Path) -> Path:
    """The Python of the site's environment; without it the tests are skipped, or fail where a browser is required."""
    folder = repository / "build" / "site-env"
    found = next((path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists()), None)
    if found is None:
        reason = "needs build/site-env, in which the site is built: type make site"
        if os.environ.get("KGWB_REQUIRE_BROWSER") == "1":
            pytest.fail(f"KGWB_REQUIRE_BROWSER=1, but this {reason}.")
        pytest.skip(reason)
    return found


def make_checkout(repository: Path, root: Path) -> None:
    """The checkout, with one more notebook in both languages: it has formulas and a hint, and would fail if it were run."""
    root.mkdir()
    for name in ("kgwb", "sample_graphs", "tests", "README.md", "CHANGELOG.md"):
        (root / name).symlink_to(repository / name)
    shutil.copytree(repository / "notebooks", root / "notebooks")
    (root / "notebooks" / "zh").mkdir(exist_ok=True)
    saved = nbformat.v4.new_output("execute_result", data={"text/plain": "as it was saved"}, execution_count=1)
    for folder, text in (("notebooks", SIGNS), ("notebooks/zh", CHINESE)):
        code = nbformat.v4.new_code_cell("1 / 0", outputs=[saved], execution_count=1)
        cells = [nbformat.v4.new_markdown_cell(text), code, nbformat.v4.new_markdown_cell(FOLDED)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), root / folder / "98_signs.ipynb")


@pytest.fixture(scope="session")
def site(repository: Path, site_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site. Where tests run side by side, whoever comes first builds it for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with FileLock(f"{folder}.lock"):
        if not (folder / "built").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build_site(repository, site_python, folder)
            (folder / "built").touch()
    return folder / "stick"


def build_site(repository: Path, site_python: Path, folder: Path) -> None:
    """With one small view of each kind."""
    make_checkout(repository, folder / "checkout")
    write_pages(folder / "views", MAKERS.items())
    script = str(repository / "tests" / "browser" / "site" / "building.py")
    places = ["--root", folder / "checkout", "--views", folder / "views", "--out", folder / "stick"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [site_python, script, *places],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=1500,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


class Page(HTMLParser):
    """What a page of HTML loads, where it leads, and where one can land in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.anchors |= {held[name] for name in ("id", "name") if name in held}
        if tag in ("a", "area"):
            self.links += [held["href"]] if "href" in held else []
            return
        self.loaded += [held[name] for name in ("src", "href", "srcset", "data", "action", "poster") if name in held]


@pytest.fixture(scope="session")
def pages(site: Path) -> list[Page]:
    """Every page of the site."""
    return [Page(path) for path in sorted(site.rglob("*.html"))]
