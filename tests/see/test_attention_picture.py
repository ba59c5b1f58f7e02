"""What a view of attention says and draws, and that labels stay text in its picture and on its page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from attention_of_towns import read_texts

from kgwb.bert import Reading
from kgwb.see.attention.view import show_attention

Make = Callable[..., Reading]

# --- captions and pictures ----------------------------------------------------------------------------------------------


def test_the_title_says_in_words_what_is_seen(pair: tuple[Reading, Reading], make_reading: Make) -> None:
    assert (
        show_attention(*pair, layer=1, head=2).title
        == "What [MASK] looks at in layer 1, head 2, before and after the graph"
    )
    assert show_attention(make_reading(), layer=0).title == "What [MASK] looks at in layer 0"
    rolled = show_attention(make_reading(), layer=0, combine="rollout").title
    assert rolled == "What [MASK] gathers from up to layer 0"


def test_the_caption_says_what_is_seen_and_how_far_to_trust_it(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    caption = show_attention(before, after, layer=1, head=2).caption
    assert caption.startswith("Attention of plain and plain + entity: Sentence 0, layer 1, head 2, from '[MASK]'.")
    assert "Grey is before (plain), ink is after (plain + entity)." in caption
    assert "Vermilion marks tokens where a vector entered." in caption
    assert caption.endswith("Attention is where BERT looks, not why it answers.")


def test_a_saved_notebook_keeps_a_picture_and_a_line_of_text(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    data = show_attention(before, after)._repr_mimebundle_()
    assert {"image/svg+xml", "text/plain"} <= set(data)
    assert data["text/plain"].startswith("Attention of plain and plain + entity")


def test_the_picture_holds_tokens_weights_changes_and_the_label(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    view = show_attention(before, after)
    texts = read_texts(view.picture)
    assert texts.count("[MASK]") == 3
    assert "Paris" in texts
    weight = view.selection["after"][1]
    assert f"{weight:.3f}".removeprefix("0") in texts
    assert any(text.startswith("to injected tokens") for text in texts)
    assert 'class="paper"' in view.picture


def test_the_picture_of_one_reading_has_no_change(make_reading: Make) -> None:
    texts = read_texts(show_attention(make_reading()).picture)
    assert "change" not in texts
    assert texts.count("[MASK]") == 2


def test_a_sentence_of_nothing_but_special_pieces_is_drawn(make_reading: Make) -> None:
    view = show_attention(make_reading(()))
    assert view.focus == 0
    assert len(read_texts(view.picture)) > 4


def test_ideographs_take_two_columns_of_room(make_reading: Make) -> None:
    chinese = show_attention(make_reading(("巴黎" * 4,))).picture
    latin = show_attention(make_reading(("ab" * 4,))).picture
    assert "巴黎巴黎巴黎巴黎" in chinese
    assert chinese.count("C") == latin.count("C")


# --- hostile labels -----------------------------------------------------------------------------------------------------


def test_hostile_labels_stay_text_in_the_picture(
    hostile_pair: tuple[Reading, Reading], hostile: tuple[str, ...]
) -> None:
    svg = show_attention(*hostile_pair).picture
    root = ElementTree.fromstring(svg)  # well-formed, so nothing broke out
    tags = {node.tag.split("}")[1] for node in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "path", "g"}
    assert hostile[2] in read_texts(svg)


def test_hostile_labels_stay_text_on_the_page(
    hostile_pair: tuple[Reading, Reading], hostile: tuple[str, ...], tmp_path: Path
) -> None:
    page = show_attention(*hostile_pair).save(tmp_path / "page.html", title=hostile[0]).read_text("utf-8")
    assert "<img" not in page
    assert "<b>" not in page
    assert page.count("<script>") == page.count("</script>") == 2


def test_the_page_carries_the_state_and_no_address(pair: tuple[Reading, Reading], tmp_path: Path) -> None:
    before, after = pair
    view = show_attention(before, after, layer=1, head=0)
    page = view.save(tmp_path / "page.html").read_text("utf-8")
    state = json.loads(re.search(r"previousElementSibling,({.*}),kgwb_attention_style\)</script>", page)[1])
    assert (state["layer"], state["head"]) == (1, 0)
    assert base64.b64decode(state["state"]["after"]["view"]) == bytes(view.state["after"]["view"])
    assert set(re.findall(r"https?://[\w./]*", page)) <= {"http://www.w3.org/2000/svg"}
    assert "export default" not in page
