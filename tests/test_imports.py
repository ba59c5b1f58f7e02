"""The walls of the house: imports go only upward, `import kgwb` is light, and nothing prints or reaches outside."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kgwb

PACKAGE = Path(kgwb.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
# A graph walks down this list; a room may import what stands above it.
FLOW = ("axes", "rooms", "graph", "embed", "inject", "tune", "see", "environment", "lessons", "__main__")
# What `kgwb.graph` and `kgwb.embed` must do without.
HEAVY = ["transformers", "tokenizers", "plotly", "pyvis", "ipywidgets", "anywidget", "IPython", "sklearn", "pyarrow"]
HEAVY += ["pyoxigraph", "networkx", "tqdm", "jaxtyping", "beartype"]
NAMESPACES = ("http://www.w3.org/",)  # names, not addresses: nothing is fetched from them


def _rooms_used(source: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [alias.name for alias in node.names if alias.name != "__version__"]
            modules = [f"kgwb.{name}" for name in names] if node.module == "kgwb" else [node.module]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        yield from ((node.lineno, module.split(".")[1]) for module in modules if module.startswith("kgwb."))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_only_upward(source: Path) -> None:
    room = source.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for line, used in _rooms_used(source):
        assert used in FLOW, f"{source}:{line} imports kgwb.{used}: import from the room where it is defined"
        assert FLOW.index(used) <= FLOW.index(room), (
            f"{source}:{line}: kgwb.{room} imports kgwb.{used}, which is below it"
        )


def test_graph_and_embed_need_only_numpy_pandas_and_torch() -> None:
    code = (
        "import sys\n"
        "class Bare:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {HEAVY!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Bare())\n"
        "import kgwb, kgwb.graph, kgwb.embed\n"
        "kgwb.GraphEmbedding, kgwb.read_graph, kgwb.train_embedding, kgwb.rank_triples\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0, done.stderr


def test_import_kgwb_loads_no_room() -> None:
    code = "import kgwb, sys; sys.stdout.write(' '.join(n for n in sys.modules if n in ('torch', 'numpy', 'pandas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    assert done.stdout == ""


@pytest.mark.parametrize("name", kgwb.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(kgwb, name).__doc__


@pytest.mark.parametrize("name", ["inject", "tune"])
def test_a_room_that_shares_its_name_with_a_function_can_be_called(name: str) -> None:
    # Importing a room makes it an attribute of kgwb, over whatever kgwb.__getattr__ would have given.
    code = f"import kgwb.{name}, kgwb; kgwb.load_bert, kgwb.probe; assert callable(kgwb.{name}), type(kgwb.{name})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0, done.stderr


def test_editors_see_every_public_name() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = [alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(seen) == kgwb.__all__


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"kgwb has no 'read_grahp'\. Public names: .*read_graph"):
        kgwb.read_grahp  # noqa: B018


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_prints_pickles_or_grows_beyond_one_sitting(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        name = getattr(node, "id", getattr(node, "attr", ""))
        assert not (isinstance(node, ast.Name) and name == "print"), f"{source}:{node.lineno} prints"
        assert not (isinstance(node, ast.Attribute) and name == "cuda" and isinstance(node.ctx, ast.Load)) or (
            isinstance(node.value, ast.Name) and node.value.id == "torch"
        ), f"{source}:{node.lineno} names a device: the model knows its own"
        if isinstance(node, ast.Import):
            assert "pickle" not in [alias.name for alias in node.names], f"{source}:{node.lineno} imports pickle"


def test_assets_name_no_outside_address_and_stay_small() -> None:
    for asset in sorted((PACKAGE / "see" / "assets").rglob("*")):
        if not asset.is_file():
            continue
        assert asset.stat().st_size <= 300_000, asset
        addresses = re.findall(r"https?://[^\s\"'`<>)]+", asset.read_text(encoding="utf-8"))
        outside = [address for address in addresses if not address.startswith(NAMESPACES)]
        assert not outside, f"{asset} names {outside}"


def test_lock_files_name_no_registry() -> None:
    for lock in (PACKAGE / "see" / "js").glob("package-lock.json"):
        assert '"resolved": "http' not in lock.read_text(encoding="utf-8"), (
            "npm config set omit-lockfile-registry-resolved true"
        )
