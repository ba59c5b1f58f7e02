"""A real Chromium without a network: pages that reach out are caught, what they log is kept; a JupyterLab for it; and the
pages that several files look at."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
import torch
from attention_page import FACTS, SENTENCES
from chromium import FLAGS, NAMES
from graph_page import make_graph
from host_page import OPEN, pack_model
from makers import MAKERS
from page_checks import PIXELS, assert_quiet
from waiting import wait_for_rest

from kgwb.bert import Importance, Reading, load_bert, read
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.see import LiveView, show_attention, show_graph

HERE = ("", "localhost", "127.0.0.1", "::1")
# Lab asks whether it may fetch news, which no test may.
_SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}
_PLACES = {
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
}


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser on this machine; without one the test is skipped, or fails where a browser is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"needs a browser: none of {', '.join(NAMES)} is on the PATH"
        if os.environ.get("KGWB_REQUIRE_BROWSER") == "1":
            pytest.fail(f"KGWB_REQUIRE_BROWSER=1, but this {reason}.")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser(browser_path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


def _wait_until(page: Any, expression: str, arg: Any, seconds: float) -> None:
    """Until the expression holds. Playwright's own waiting evaluates it in the page, whose content policy forbids that."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression, arg):
        if time.monotonic() > deadline:
            raise TimeoutError(f"After {seconds:g} s this does not hold: {expression}")
        page.wait_for_timeout(50)


@contextmanager
def _open_page(browser: Any, *, width: int = 1280, height: int = 900) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    context.set_default_timeout(120_000)  # a busy machine is late; what never comes is still missed
    page = context.new_page()
    page.wait_for_function = lambda expression, *, arg=None, timeout=60_000: _wait_until(
        page, expression, arg, timeout / 1000
    )
    page.requests_made = []
    page.errors_logged = []

    def stay_here(route: Any) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob", "about") or (address.hostname or "") in HERE:
            route.continue_()
            return
        page.requests_made.append(route.request.url)
        route.abort()

    context.route("**/*", stay_here)
    page.on("console", lambda message: message.type == "error" and page.errors_logged.append(message.text))
    page.on("pageerror", lambda error: page.errors_logged.append(str(error)))
    yield page
    context.close()


@pytest.fixture(scope="session")
def open_page() -> Callable[..., AbstractContextManager[Any]]:
    """Opens pages such as `browser_page`, for tests that share one: `with open_page(browser) as page`."""
    return _open_page


@pytest.fixture
def browser_page(browser: Any) -> Iterator[Any]:
    """A playwright page. Addresses outside this machine are refused and kept in `page.requests_made`, console errors
    and uncaught exceptions in `page.errors_logged`."""
    with _open_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
def screenshots(repository: Path) -> Path:
    """Where screenshots are kept for whoever wants to look; never committed."""
    folder = repository / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _start_lab(
    root: Path,
    notebook: str,
    *,
    settings: Mapping[str, dict[str, Any]],
    environment: Mapping[str, str],
    program: str = "jupyterlab",
) -> Iterator[str]:
    """The address of a notebook in JupyterLab, or in Notebook 7, over the folder `root`, whose log is `root / "log.txt"`."""
    for name, values in {**_SETTINGS, **settings}.items():
        file = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    places = {variable: str(root / folder) for variable, folder in _PLACES.items()}
    token, port = secrets.token_hex(16), _find_free_port()
    options = [f"--port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"]
    options += ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.port_retries=0"]
    command = [sys.executable, "-m", program, *options]
    path = "lab/tree" if program == "jupyterlab" else "notebooks"
    with (root / "log.txt").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env={**os.environ, **places, **environment}, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api/status?token={token}", server, root / "log.txt")
            yield f"{address}/{path}/{notebook}?token={token}"
        finally:
            server.kill()  # politely asked it would wait for its kernels; they end by themselves once it is gone
            server.wait()


@pytest.fixture(scope="session")
def start_lab() -> Callable[..., AbstractContextManager[str]]:
    """Starts JupyterLab over a folder: `with start_lab(folder, "live.ipynb", settings={}, environment={}) as address`."""
    return _start_lab


def _find_free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path, seconds: int = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="module")
def islands() -> KnowledgeGraph:
    """A hub with five spokes, one of which leads on to three, the last of them to one more."""
    facts = [(0, 0, 1), (0, 0, 2), (3, 0, 0), (0, 1, 4), (0, 1, 5), (1, 0, 6), (1, 0, 7), (8, 1, 1), (8, 0, 9)]
    return make_graph(facts, [f"Isle {i}" for i in range(11)], ("isle", "town"))


@pytest.fixture
def opened_graph(browser_page: Any, islands: KnowledgeGraph, tmp_path: Path) -> Iterator[Any]:
    """A page of the hub and its spokes, on which nothing may be logged or fetched."""
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(show_graph(islands, around="Isle 0").save(tmp_path / "graph.html").as_uri())
    yield browser_page
    assert_quiet(browser_page)


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    """The facts about what the sentences of the attention view mention."""
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.fixture(scope="module")
def before(graph: KnowledgeGraph) -> Reading:
    """Two sentences, read by plain BERT."""
    paris, france, rome = (graph.entity_id(name) for name in ("Paris", "France", "Rome"))
    mentions = [
        [Mention(0, 5, paris, "Paris"), Mention(24, 30, france, "France")],
        [Mention(0, 4, rome, "Rome")],
    ]
    return read(load_bert(), SENTENCES, mentions=mentions)


@pytest.fixture(scope="module")
def after(before: Reading) -> Reading:
    """The same reading with the heads in another order, half of each row given to two facts, and other hidden states."""
    slots = torch.zeros(*before.attention.shape[:4], 2)
    slots[..., 0], slots[..., 1] = 0.4, 0.1
    return replace(
        before,
        attention=before.attention.roll(1, 2) / 2,
        hidden=before.hidden.roll(1, 1),
        injected=tuple(tuple(i == 1 for i in range(len(tokens))) for tokens in before.tokens),
        slots=slots,
        facts=(((0, 0, 1), (1, 1, 0)),) * 2,
        name="after",
    )


@pytest.fixture
def opened_attention(browser_page: Any, before: Reading, after: Reading, graph: KnowledgeGraph, tmp_path: Path) -> Any:
    """A page of the first sentence before and after, with what each word piece is worth to its prediction."""
    importance = Importance(before.tokens[0], tuple(map(float, range(-2, 7))), "france", 1.0, "after")
    view = show_attention(before, after, layer=2, head=3, focus=1, graph=graph, importance=importance)
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    wait_for_rest(browser_page.locator(".board canvas"), PIXELS)  # the thumbnails come a moment after the lines
    return browser_page


@pytest.fixture(scope="module", params=MAKERS)
def view(request: pytest.FixtureRequest) -> LiveView:
    """Each live view in turn."""
    made = MAKERS[request.param]()
    assert isinstance(made, LiveView)
    return made


@pytest.fixture
def host(browser_page: Any, tmp_path: Path, view: LiveView) -> Iterator[Any]:
    """An empty page of a notebook, in which the view's model is made already; whatever is logged or fetched is a failure."""
    page = tmp_path / "host.html"
    # What hosts do to a page: a base style of their own, lists and tables dressed up.
    style = "body{margin:0;font:20px serif;color:red}p{margin:3em}table{width:100%}button{all:revert;padding:9px}"
    page.write_text(f"<!doctype html><style>{style}</style><body><main></main></body>", encoding="utf-8")
    browser_page.goto(page.as_uri())
    browser_page.evaluate(OPEN, pack_model(view))
    yield browser_page
    assert browser_page.requests_made == [] and browser_page.errors_logged == []
