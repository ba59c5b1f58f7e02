"""What the browser is given: small, without addresses, and built from the sources beside it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SEE = Path(__file__).parents[2] / "kgwb" / "see"
ASSETS = sorted(path for path in (SEE / "assets").iterdir() if path.is_file())
SOURCES = sorted((SEE / "js" / "src").iterdir())


def test_the_assets_are_there() -> None:
    assert {"attention.js", "attention.css"} <= {path.name for path in ASSETS}


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.name)
def test_an_asset_is_small(path: Path) -> None:
    assert path.stat().st_size <= 300_000


@pytest.mark.parametrize("path", [*ASSETS, *SOURCES], ids=lambda path: path.name)
def test_nothing_holds_an_address(path: Path) -> None:
    assert not re.search(r"https?://|[\"'(]//\w", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".js"], ids=lambda path: path.name)
def test_data_are_never_read_as_markup(path: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text("utf-8"))


def test_one_file_is_both_a_module_and_a_script() -> None:
    from kgwb.see.attention.view import MODULE_END

    code = (SEE / "assets" / "attention.js").read_text(encoding="utf-8").rstrip()
    assert code.endswith(MODULE_END)
    assert not re.search(r"\b(export|import)\b", code.removesuffix(MODULE_END))


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((SEE / "js" / "package-lock.json").read_text(encoding="utf-8"))
    assert not any("resolved" in package for package in lock["packages"].values())
    pinned = json.loads((SEE / "js" / "package.json").read_text(encoding="utf-8"))["devDependencies"]["esbuild"]
    assert lock["packages"]["node_modules/esbuild"]["version"] == pinned


def test_a_rebuild_gives_the_same_files(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (SEE / "js" / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs node and, once, npm --prefix kgwb/see/js ci")
    subprocess.run([node, "build.mjs", tmp_path], cwd=SEE / "js", check=True, capture_output=True)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (SEE / "assets" / path.name).read_bytes(), f"{path.name}: run make assets"
