"""A picture for print: of a stated width, and as PNG or PDF as an installed browser prints its SVG."""

from __future__ import annotations

import math
import os
import re
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from kgwb.checks import expect_number
from kgwb.environment import find_browser
from kgwb.files import write_whole
from kgwb.see.drawing import Number

_SECONDS = 90
_SCALE = 2  # pixels of a PNG for each of the picture's
_INCH, _DPI = 25.4, 300  # mm, and dots of a printed PNG
_MOST_DOTS = 12_000  # abreast; a browser's picture of its window ends at 16,384
_DARK = re.compile(r"@media \(prefers-color-scheme:dark\)\{(?:[^{}]*\{[^{}]*\})*\}")
_FLUID = ".kgwb-picture{max-width:100%;height:auto}"  # in a page a picture shrinks with its column


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


def expect_width(width: object, path: Path) -> None:
    """A width in mm that a picture can have.

    Raises:
        ValueError: it is no length, too many dots, or the path is a page's.
    """
    expect_number("width", width, usual=160, above=0)
    most = _MOST_DOTS / _DPI * _INCH
    if path.suffix.lower() == ".html":
        raise ValueError(
            f"width={width} came, and a page is as wide as its window. Type view.save({path.with_suffix('.pdf').name!r}, "
            f"width={width})."
        )
    if float(width) > most:  # type: ignore[arg-type]
        raise ValueError(
            f"width={width} came, which is in mm, and at most {most:,.0f} mm can be printed. Type width=160, the width of "
            "a text on A4."
        )


def size_picture(svg: str, width: Number) -> str:
    """A picture as wide as stated in mm, on light paper whatever the reader's screen prefers.

    >>> size_picture('<svg viewBox="0 0 200 100" width="200" height="100" style="height:auto"></svg>', 160)
    '<svg viewBox="0 0 200 100" width="160mm" height="80mm"></svg>'
    """
    wide, high = _measure_picture(svg)
    start, rest = svg.split(">", 1)
    start = re.sub(r'\sstyle="[^"]*"', "", start)
    start = re.sub(r'(\swidth)="[\d.]+"', rf'\1="{width:g}mm"', start, count=1)
    start = re.sub(r'(\sheight)="[\d.]+"', rf'\1="{width * high / wide:.6g}mm"', start, count=1)
    return f"{start}>{_DARK.sub('', rest)}".replace(_FLUID, "")


def _measure_picture(svg: str) -> tuple[float, float]:
    """The width and height of what is drawn, in pixels."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    wide, high = found.groups() if found else re.findall(r'\s(?:width|height)="([\d.]+)', svg)[:2]
    return float(wide), float(high)


def print_picture(path: Path, svg: str, browser: str) -> None:
    """Write a picture as its path's ending says, .png or .pdf, whole or not at all.

    Raises:
        RuntimeError: the browser did not do it.
    """
    wide, high = _measure_picture(svg)
    stated = re.search(r'<svg[^>]*?\swidth="([\d.]+)mm" height="([\d.]+)mm"', svg)
    paper = f"{stated[1]}mm {stated[2]}mm" if stated else f"{wide:g}px {high:g}px"
    # On the screen a picture is as wide as drawn, whatever its width on paper: the scale makes the dots.
    scale = float(stated[1]) / _INCH * _DPI / wide if stated else _SCALE
    page = (
        f'<!doctype html><meta charset="utf-8"><style>@page{{size:{paper};margin:0}}html,body{{margin:0}}'
        f"body>svg{{display:block;width:{wide:g}px;height:{high:g}px}}"
        f"@media print{{body>svg{{width:100vw;height:99.9vh}}}}</style>{svg}"
    )
    with tempfile.TemporaryDirectory() as folder, write_whole(path) as new:
        source = Path(folder, "picture.html")
        source.write_text(page, encoding="utf-8", errors="replace")
        printed = Path(folder, f"picture{path.suffix.lower()}")
        size = f"--window-size={math.ceil(wide)},{math.ceil(high)}"
        kind = {
            ".png": [f"--screenshot={printed}", f"--force-device-scale-factor={scale:.6g}", size],
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
        done = printed.read_bytes()
        new.write_bytes(_state_dots(done) if stated and path.suffix.lower() == ".png" else done)


def _state_dots(png: bytes) -> bytes:
    """A PNG that says how many dots an inch it has, after its header, which is 33 bytes long."""
    dots = round(_DPI / _INCH * 1000)  # a metre
    chunk = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    return png[:33] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]
