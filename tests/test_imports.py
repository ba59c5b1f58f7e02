"""The walls of the house: imports go one way, `import kgwb` is light, and nothing prints or reaches outside."""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib
import os
import pickle
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from plain_words import QUAINT, spell

import kgwb

PACKAGE = Path(kgwb.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
# A graph walks down this list; what stands further down may import what stands above it.
GROUND = ("axes", "words", "memory", "processes", "files", "tensor_folders", "packages", "checks", "fingerprints")
GROUND += ("environment", "citation")
ROOMS = ("graph", "embed", "bert", "learn", "see", "lessons")
FLOW = (*GROUND, *ROOMS, "__init__", "__main__")
# What `kgwb.graph` and `kgwb.embed` must do without.
HEAVY = ["transformers", "tokenizers", "plotly", "pyvis", "ipywidgets", "anywidget", "IPython", "sklearn", "pyarrow"]
TORCH = ["torch", "safetensors", "transformers", "tokenizers", "peft"]
HEAVY += ["pyoxigraph", "networkx", "tqdm", "jaxtyping", "beartype"]


def name_module(source: Path) -> str:
    parts = source.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_module(source): source for source in SOURCES}


def find_imports(source: Path) -> Iterator[tuple[int, str]]:
    """Every module of kgwb that a file imports, wherever it does: at the top, in a function, or for type hints."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in found]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name in MODULES)


IMPORTS: Mapping[str, list[tuple[int, str]]] = {name: list(find_imports(path)) for name, path in MODULES.items()}


def place_in_flow(module: str) -> int:
    return FLOW.index([*module.split("."), "__init__"][1])


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_only_upward(module: str) -> None:
    for line, used in IMPORTS[module]:
        assert place_in_flow(used) <= place_in_flow(module), f"{module}, line {line}, imports {used}, which is below it"


def test_no_circle_of_files_closes_type_hints_and_lazy_imports_included() -> None:
    graphlib.TopologicalSorter({name: {used for _, used in found} for name, found in IMPORTS.items()}).prepare()


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=lambda path: path.name)
def test_between_the_files_and_folders_of_a_folder_arrows_run_one_way(folder: Path) -> None:
    inside = name_module(folder / "__init__.py") + "."
    arrows: dict[str, set[str]] = defaultdict(set)
    for module, found in IMPORTS.items():
        for _, used in found:
            if module.startswith(inside) and used.startswith(inside):
                one, other = (name.removeprefix(inside).split(".")[0] for name in (module, used))
                arrows[one] |= {other} - {one}
    graphlib.TopologicalSorter(arrows).prepare()


def test_one_name_means_one_thing() -> None:
    """No two classes, and no two functions without an underscore, share a name anywhere in the package."""
    defined: dict[str, list[str]] = defaultdict(list)
    for module, source in MODULES.items():
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
                defined[node.name].append(module)
    shared = {name: where for name, where in defined.items() if len(where) > 1 and name != "main"}
    assert not shared, f"one name, two things: rename one of them, {shared}"


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


def test_a_graph_is_read_asked_and_drawn_and_vectors_are_seen_without_torch(tmp_path: Path) -> None:
    """As in a browser, where Python runs and torch does not."""
    code = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {TORCH!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "import numpy as np\n"
        "import kgwb\n"
        "graph = kgwb.read_graph(kgwb.sample('org_chart.csv'))\n"
        "assert len(kgwb.query_graph(graph, 'SELECT ?who ?boss { ?who relation:\"reports to\" ?boss }')) > 9\n"
        "vectors = np.random.default_rng(0).normal(size=(len(graph.entities), 8))\n"
        "kgwb.show_graph(graph).save('graph.html')\n"
        "space = kgwb.show_space(vectors, labels=list(graph.labels), types=['thing'] * len(vectors))\n"
        "kgwb.see.write_page('both.html', [('Graph', kgwb.show_graph(graph)), ('Space', space)], title='Both')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / name).stat().st_size > 20_000 for name in ("graph.html", "both.html"))


def test_import_kgwb_loads_no_room() -> None:
    code = "import kgwb, sys; sys.stdout.write(' '.join(n for n in sys.modules if n in ('torch', 'numpy', 'pandas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    assert done.stdout == ""


def test_every_room_is_there_as_soon_as_kgwb_is() -> None:
    code = (
        "import kgwb, sys, types\n"
        f"for room in {ROOMS!r}:\n"  # no room imports a later one, so that each is here by its own name alone
        "    assert f'kgwb.{room}' not in sys.modules, room\n"
        "    assert isinstance(getattr(kgwb, room), types.ModuleType), room\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", kgwb.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(kgwb, name).__doc__


def test_the_first_screen_holds_at_most_fifty_names() -> None:
    count = len(kgwb.__all__)
    assert count == len(set(kgwb.__all__))
    assert count <= 50, f"kgwb/__init__.pyi lists {count} names: leave there what notebooks use, the rest in its room"


def test_whatever_should_be_a_function_is_asked_by_one_question() -> None:
    """`callable` also says yes to a class and to a module of torch, which then fail in the middle of the work."""
    asked = [
        f"{module}:{node.lineno}"
        for module, source in MODULES.items()
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.If) and any(isinstance(line, ast.Raise) for line in node.body)
        for call in ast.walk(node.test)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "callable" and isinstance(call.args[0], ast.Name)
    ]
    assert not asked, f"type is_function(value) of kgwb.checks: {asked}"


@pytest.mark.parametrize("name", kgwb._MOVED)
def test_a_name_that_left_the_first_screen_is_found_and_says_where_it_is(name: str) -> None:
    place = f"kgwb.{kgwb._MOVED[name]}"
    with pytest.warns(DeprecationWarning, match=rf"^kgwb\.{name} is {place}\.{name} now\.$"):
        found = getattr(kgwb, name)
    assert found is getattr(importlib.import_module(place), name) and name not in kgwb.__all__


def test_functions_of_the_first_screen_are_functions() -> None:
    """Their help is their own, and they travel to another process."""
    assert (kgwb.inject.__doc__ or "").startswith("A copy of BERT with a closed door")
    for function in (kgwb.inject, kgwb.tune, kgwb.read_graph):
        assert pickle.loads(pickle.dumps(functools.partial(function, seed=1))).func is function


def test_types_travel_with_the_package() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"kgwb has no 'read_grahp'\. Public names: .*read_graph"):
        kgwb.read_grahp  # noqa: B018


def test_a_name_that_stands_one_step_down_is_pointed_to() -> None:
    with pytest.raises(AttributeError, match=r"kgwb has no 'LiteralEncoder'\. Type kgwb\.embed\.LiteralEncoder\."):
        kgwb.LiteralEncoder  # noqa: B018


def test_without_lazy_loader_the_install_line_is_given() -> None:
    code = "import sys; sys.modules['lazy_loader'] = None\nimport kgwb\nkgwb.read_graph"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert "kgwb needs lazy_loader, which is not installed. Type: pip install lazy_loader" in done.stderr


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
        if isinstance(node, ast.Attribute) and node.attr == "load" and isinstance(node.value, ast.Name):
            assert node.value.id != "torch", f"{source}:{node.lineno} unpickles: torch.load"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False, (
                f"{source}:{node.value.lineno} unpickles"
            )


TESTS = sorted((PACKAGE.parent / "tests").rglob("*.py"))


@pytest.mark.parametrize("file", TESTS, ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_no_file_of_tests_grows_beyond_one_sitting(file: Path) -> None:
    """Files run side by side, too: what stands in one of them waits for itself."""
    count = len(file.read_text(encoding="utf-8").splitlines())
    assert count <= 350, f"{file.name} has {count} lines: move what has a subject of its own into another file"


@pytest.mark.parametrize("word", QUAINT)
def test_the_words_are_those_of_the_field(word: str) -> None:
    pattern = spell(word)
    scripts = (PACKAGE / "see" / "js" / "src").rglob("*.js")
    texts = [*SOURCES, *scripts, *(PACKAGE.parent / page for page in ("README.md", "CONTRIBUTING.md"))]
    found = Counter(
        str(path.relative_to(PACKAGE.parent)) for path in texts for _ in pattern.finditer(path.read_text("utf-8"))
    )
    assert not found, f"{word!r} stands in {dict(found)}; the field says {QUAINT[word]}"


def test_no_test_can_reach_another_machine() -> None:
    with socket.socket() as opened, pytest.raises(RuntimeError, match="Tests need no network"):
        opened.connect(("192.0.2.1", 80))  # an address that belongs to documentation
