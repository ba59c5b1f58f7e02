"""What the browser is given: small, without addresses, without markup made of data, and built from the sources beside it."""

from __future__ import annotations

import graphlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SEE = Path(__file__).parents[2] / "kgwb" / "see"
JS = SEE / "js"
ASSETS = sorted(path for path in (SEE / "assets").rglob("*") if path.is_file())
SOURCES = sorted(path for path in (JS / "src").rglob("*") if path.is_file())
# What a page loads: src/<view>/<view>.js and .css; whatever else is there is reached from one of them.
ENTRIES = [path for path in SOURCES if path.stem == path.parent.name]
ADDRESS = re.compile(r"https?:(?!//www\.w3\.org/)|[\"'`(]//\w")  # a namespace of w3.org is a name: nothing is fetched
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\s*\.\s*write|\beval\b|\bFunction\b|DOMParser"
)
COLOUR = re.compile(
    r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(", re.I
)
# An import: of a script, of types in a comment, of a style sheet.
IMPORT = re.compile(r"""(?:^import\s[^"'(]*|\bfrom\s+|@import\s+|\bimport\()["'](\.[^"']+)["']""", re.M)


def name_file(path: Path) -> str:
    return str(path.relative_to(SEE))


def find_imports(source: Path) -> Iterator[Path]:
    for name in IMPORT.findall(source.read_text(encoding="utf-8")):
        yield (source.parent / name).resolve()


IMPORTS = {source.resolve(): set(find_imports(source)) for source in SOURCES}


def test_every_view_has_its_scripts() -> None:
    folders = {path.name for path in (JS / "src").iterdir()}
    assert folders == {"shared"} | {path.stem for path in ENTRIES}


def test_each_asset_is_built_from_one_entry() -> None:
    assert [path.name for path in ASSETS] == sorted(path.name for path in ENTRIES)


@pytest.mark.parametrize("path", ASSETS, ids=name_file)
def test_an_asset_is_used_and_small(path: Path) -> None:
    assert path.stat().st_size <= 300_000
    texts = [module.read_text(encoding="utf-8") for module in SEE.rglob("*.py")]
    assert any(
        f'"{path.name}"' in text or re.search(rf'(?:script = |define_widget\()"{path.stem}"', text) for text in texts
    )


def test_scripts_stand_nowhere_else() -> None:
    strays = [path for kind in ("*.js", "*.mjs", "*.css", "*.html") for path in SEE.rglob(kind)]
    known = {*ASSETS, *SOURCES, JS / "build.mjs", *(JS / "test").glob("*.test.js")}
    assert [path for path in strays if path not in known and "node_modules" not in path.parts] == []


def test_every_source_is_reached_from_an_entry() -> None:
    reached: set[Path] = set()
    ahead = {path.resolve() for path in ENTRIES}
    while ahead:
        reached |= ahead
        ahead = {used for path in ahead for used in IMPORTS.get(path, ())} - reached
    assert reached == set(IMPORTS)


def test_what_a_script_exports_is_used() -> None:
    """By another script, or in its own and by a test of it."""
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCES if path.suffix == ".js"}
    whole, form = "\n".join(texts.values()), r"^export (?:async )?(?:function|class|const) (\w+)"
    exported = [(path, name) for path, text in texts.items() for name in re.findall(form, text, re.M)]
    assert exported
    assert [f"{name_file(path)}: {name}" for path, name in exported if len(re.findall(rf"\b{name}\b", whole)) < 2] == []


def test_sources_import_only_their_own_folder_and_the_shared_one() -> None:
    for source, used in IMPORTS.items():
        allowed = {source.parent, (JS / "src" / "shared").resolve()}
        assert {path.parent for path in used} <= allowed, source


def test_no_circle_of_sources_closes_types_included() -> None:
    graphlib.TopologicalSorter(IMPORTS).prepare()


@pytest.mark.parametrize("path", [*SOURCES, *ASSETS], ids=name_file)
def test_nothing_holds_an_address(path: Path) -> None:
    assert not ADDRESS.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*SOURCES, *ASSETS], ids=name_file)
def test_data_are_never_read_as_markup_or_code(path: Path) -> None:
    assert not MARKUP.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=name_file)
def test_colours_are_the_palettes(path: Path) -> None:
    assert not COLOUR.search(re.sub(r"/\*.*?\*/|(?m:\s//.*$)", "", path.read_text(encoding="utf-8"), flags=re.S))


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".js"], ids=name_file)
def test_a_module_keeps_no_state_and_is_read_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^(let|var)\b", text, flags=re.M)
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("fetch('https://example.org')", ADDRESS),
        ('import "//cdn.example.org/x.js"', ADDRESS),
        ("node.innerHTML = label", MARKUP),
        ("new Function(code)", MARKUP),
        ("colour = '#0072b2'", COLOUR),
        ("a { color: rgb(0 0 0) }", COLOUR),
    ],
)
def test_the_guards_see_what_they_guard_against(text: str, guard: re.Pattern[str]) -> None:
    assert guard.search(text)


@pytest.mark.parametrize("path", [path for path in ASSETS if path.suffix == ".js"], ids=name_file)
def test_one_file_is_both_a_module_and_a_script(path: Path) -> None:
    end = f"export default kgwb_{path.stem}.default;"
    code = path.read_text(encoding="utf-8").rstrip()
    assert code.endswith(end)
    assert not re.search(r"\b(export|import)\b", code.removesuffix(end))


def test_the_lock_file_names_no_host_and_pins_what_is_named() -> None:
    lock = json.loads((JS / "package-lock.json").read_text(encoding="utf-8"))
    assert not any("resolved" in package for package in lock["packages"].values())
    package = json.loads((JS / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    for name, version in package["devDependencies"].items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


def test_a_rebuild_gives_the_same_files(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (JS / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs node and, once, npm --prefix kgwb/see/js ci")
    subprocess.run([node, "build.mjs", tmp_path], cwd=JS, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in ASSETS]
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (SEE / "assets" / path.name).read_bytes(), f"{path.name}: run make assets"


def test_the_scripts_own_tests_pass() -> None:
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout if node else "v0."
    if node is None or int(version[1:].split(".")[0]) < 20:  # its clock can be set since then
        pytest.skip("needs node 20 or newer")
    done = subprocess.run([node, "--test"], cwd=JS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
