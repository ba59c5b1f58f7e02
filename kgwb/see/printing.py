"""A picture as PNG or PDF, printed from its SVG by an installed browser."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from kgwb.environment import find_browser
from kgwb.files import write_whole

_SECONDS = 90
_SCALE = 2  # pixels of a PNG for each of the picture's


def expect_browser(path: Path) -> str:
    """The browser that prints.

    Raises:
        RuntimeError: none is installed.
    """
    browser = find_browser()
    if browser is None:
        raise RuntimeError(
            f"{path.name} is made by a browser, and no Chromium, Chrome or Edge was found here. Type "
            f"view.save({path.with_suffix('.svg').name!r}), or install one: apt-get install chromium."
        )
    return browser


def print_picture(path: Path, svg: str, browser: str) -> None:
    """Write a picture as its path's ending says, .png or .pdf, whole or not at all.

    Raises:
        RuntimeError: the browser did not do it.
    """
    width, height = (float(number) for number in re.findall(r'\s(?:width|height)="([\d.]+)"', svg)[:2])
    page = (
        f'<!doctype html><meta charset="utf-8"><style>@page{{size:{width:g}px {height:g}px;margin:0}}'
        f"body{{margin:0}}svg{{display:block}}</style>{svg}"
    )
    with tempfile.TemporaryDirectory() as folder, write_whole(path) as new:
        source = Path(folder, "picture.html")
        source.write_text(page, encoding="utf-8", errors="replace")
        printed = Path(folder, f"picture{path.suffix.lower()}")
        size = f"--window-size={round(width)},{round(height)}"
        kind = {
            ".png": [f"--screenshot={printed}", f"--force-device-scale-factor={_SCALE}", size],
            ".pdf": [f"--print-to-pdf={printed}", "--no-pdf-header-footer"],
        }[path.suffix.lower()]
        root = hasattr(os, "geteuid") and os.geteuid() == 0  # whom Chromium gives no sandbox
        options = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile", *kind]
        command = [browser, *options, *(["--no-sandbox"] if root else []), source.as_uri()]
        try:
            said = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False).stderr
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error).encode()
        if not printed.is_file():
            reason = said.decode("utf-8", "replace").strip().splitlines()[-1:]
            advice = f"Type view.save({path.with_suffix('.svg').name!r})."
            raise RuntimeError(f"{browser} did not print {path.name}: {''.join(reason)[:200]} {advice}")
        new.write_bytes(printed.read_bytes())
