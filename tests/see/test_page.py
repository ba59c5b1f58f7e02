from __future__ import annotations

import re
from pathlib import Path

import pytest

from kgwb.see.page import Fragment, write_page
from kgwb.see.palette import DARK, LIGHT, TYPE_COLOURS, colour_types, style_variables


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def write(folder: Path, *fragments: Fragment, heading: str = "Part", title: str = "Title") -> str:
    path = write_page(folder / "deep" / "page.html", [(heading, fragment) for fragment in fragments], title)
    assert path == folder / "deep" / "page.html"
    return path.read_text(encoding="utf-8")


def test_title_heading_and_caption_stay_text(tmp_path: Path) -> None:
    payload = "</title><script>alert(1)</script>"
    page = write(tmp_path, Fragment("<p>one</p>", caption=payload), heading=payload, title=payload)
    assert payload not in page
    assert page.count("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert "<script" not in page


def test_a_library_travels_once_and_cannot_end_its_script(tmp_path: Path) -> None:
    code = 'const tag = "</script><img>", other = "</SCRIPT>", comment = "<!--";'
    fragments = [Fragment(f"<p>{i}</p>", libraries={"tags": code}) for i in range(2)]
    page = write(tmp_path, *fragments)
    assert page.count("const tag") == 1
    assert page.lower().count("</script") == 1
    assert "<!--" not in page


def test_the_browser_is_told_to_fetch_nothing(tmp_path: Path) -> None:
    page = write(tmp_path, Fragment("<p>one</p>"))
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert '<link rel="icon" href="data:,">' in page


def test_what_is_empty_leaves_no_trace(tmp_path: Path) -> None:
    page = write(tmp_path, Fragment("<p>one</p>"), heading="")
    assert "<h2" not in page
    assert "<figcaption" not in page


def test_texts_read_from_the_side_that_their_script_does(tmp_path: Path) -> None:
    page = write(tmp_path, Fragment("<p>one</p>", caption="ملاحظة"), heading="خريطة", title="تدريب")
    assert [re.search(rf"<{tag}[^>]*dir=.auto.", page) is not None for tag in ("h1", "h2", "figcaption")] == [True] * 3


def test_a_page_of_one_view_says_its_title_once_to_the_eye(tmp_path: Path) -> None:
    fragment = Fragment("<p>one</p>", title="Title")
    assert re.search(r"<h1[^>]* class=.unseen.>Title</h1>", write(tmp_path, fragment))
    assert "<h1 dir='auto'>" in write(tmp_path, fragment, title="Another")
    assert "<h1 dir='auto'>" in write(tmp_path, fragment, fragment)


def test_a_page_is_utf8_whatever_the_locale(tmp_path: Path) -> None:
    path = write_page(tmp_path / "page.html", [("", Fragment("<p>巴黎</p>"))], "首都")
    data = path.read_bytes()
    assert "巴黎".encode() in data
    assert b"\r" not in data
    assert b'<meta charset="utf-8">' in data


def test_a_tilde_is_the_home_and_a_folder_is_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert write_page("~/page.html", [], "Home") == tmp_path / "page.html"
    with pytest.raises(IsADirectoryError, match=r"is a folder; a page is one file\. Type '.*page\.html'\."):
        write_page("~", [], "Home")


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_legible_on_paper(palette: dict[str, str]) -> None:
    assert all(contrast(palette[name], palette["paper"]) >= 4.5 for name in ("ink", "muted", "before", "after", "edge"))
    assert contrast(palette["injected"], palette["paper"]) >= 3  # also underlined or bold wherever it is text


def test_both_themes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)


def test_types_are_coloured_in_sorted_order_whatever_the_order_of_the_file() -> None:
    assert colour_types(["town", "island", "town"]) == colour_types(["island", "town"])
    assert colour_types(["town", "island"])["island"] == TYPE_COLOURS[0]
    assert len(set(TYPE_COLOURS)) == 8
    assert not {LIGHT["injected"], LIGHT["edge"]} & set(TYPE_COLOURS)


def test_a_light_lab_stays_light_where_the_system_is_dark() -> None:
    style = style_variables()
    assert f'[data-jp-theme-light="true"]{{--kgwb-paper:{LIGHT["paper"]}' in style
    assert f'[data-jp-theme-light="false"]{{--kgwb-paper:{DARK["paper"]}' in style
