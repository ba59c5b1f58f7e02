"""A tiny BERT from scratch: what it learns, that it is kept, and what is said when it cannot be trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import kgwb
from kgwb.bert.model import BertLoadError
from kgwb.bert.tiny import RECIPE, _find_cache, train_tiny
from kgwb.bert.word_pieces import learn_word_pieces
from kgwb.graph import GraphFileError, Sentence

TEXT = [f"The {who} sees the {what}." for who in ("gull", "tern", "crane") for what in ("harbour", "lantern", "tide")]
SMALL = {"layers": 1, "width": 32, "steps": 3, "progress": False}


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KGWB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_is_trained_once_and_read_from_the_cache_after(cache, monkeypatch):
    folder = train_tiny(TEXT, **SMALL)
    assert folder.parent == cache and folder.name.startswith("tiny-")
    assert [path.name for path in cache.iterdir()] == [folder.name]
    monkeypatch.setattr("kgwb.bert.tiny._learn", lambda *_, **__: pytest.fail("trained again"))
    assert train_tiny(TEXT, **SMALL) == folder


def test_another_text_or_setting_is_another_bert(cache):
    folders = {train_tiny(TEXT, **SMALL | change) for change in ({}, {"seed": 1}, {"steps": 2}, {"vocabulary": 90})}
    assert len(folders | {train_tiny(TEXT[1:], **SMALL)}) == 5
    assert train_tiny(TEXT, **SMALL, cache=cache / "elsewhere").parent == cache / "elsewhere"


def test_one_seed_gives_one_bert_and_random_numbers_outside_stay(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (
        train_tiny(TEXT, **SMALL | {"seed": seed}, cache=tmp_path / str(place)) for place, seed in enumerate((0, 0, 1))
    )
    assert torch.equal(torch.rand(3), expected)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (one, same, other)]
    assert weights[0] == weights[1] != weights[2]
    assert (one / "tokenizer.json").read_text() == (same / "tokenizer.json").read_text()


def test_it_is_a_bert_with_a_head_of_its_own(cache):
    bert = kgwb.load_bert(train_tiny(TEXT, **SMALL))
    assert not bert.new_head and not bert.training and bert.layers == 1 and bert.longest == 128
    assert bert.model.config._attn_implementation == "eager"
    reading = kgwb.read(bert, "The gull sees the tide.")
    assert reading.tokens[0] == ("[CLS]", "the", "gull", "sees", "the", "tide", ".", "[SEP]")
    assert reading.attention.sum(-1).allclose(torch.ones(()))


def test_it_learns_what_the_text_says(cache):
    folder = train_tiny(TEXT, layers=1, width=64, steps=80, progress=False)
    losses = json.loads((folder / "training.json").read_text())["losses"]
    assert len(losses) == 80 and sum(losses[-5:]) / 5 < 0.5 * sum(losses[:5]) / 5
    bert = kgwb.load_bert(folder)
    [answer] = bert.fill_mask(kgwb.bert.encode_sentences(bert, ["The gull [MASK] the tide."])).argmax(-1).tolist()
    assert bert.tokenizer.convert_ids_to_tokens(answer) == "sees"


def test_the_training_is_recorded(cache):
    record = json.loads((train_tiny(TEXT, **SMALL) / "training.json").read_text())
    assert record["settings"] == {"layers": 1, "width": 32, "vocabulary": 4000, "steps": 3, "seed": 0}
    assert record["sentences"] == 9 and len(record["losses"]) == 3 and RECIPE == 2


def test_sentences_lines_and_jsonl_are_one_text(cache, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("\n\n".join(TEXT))
    records = [{"text": text, "language": "en"} for text in TEXT] + [{"text": "海鸥看见灯。", "language": "zh"}]
    jsonl = tmp_path / "sentences.jsonl"
    jsonl.write_text("\n".join(map(json.dumps, records)))
    texts = (TEXT, [Sentence(text) for text in TEXT], lines, str(lines), jsonl, [*TEXT, " "])
    assert len({train_tiny(text, **SMALL) for text in texts}) == 1


def test_a_folder_speaks_its_own_language_and_another_is_asked_for(cache, tmp_path):
    records = [{"text": text, "language": language} for language in ("zh", "ja") for text in ("海很深。", "海很宽。")]
    (tmp_path / "sentences.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"Sentences in 'ja', 'zh' came\. .*; type kgwb\.load_bert\('tiny', text=.*'ja'\)"
    ):
        train_tiny(tmp_path, **SMALL)
    with pytest.raises(
        BertLoadError, match=r"language='fr' came, and .* holds sentences in 'ja', 'zh'\. Type .*'ja'\)"
    ):
        train_tiny(tmp_path, language="fr", **SMALL)
    both = [Sentence(each["text"], language=each["language"]) for each in records]
    chinese = train_tiny(["海很深。", "海很宽。"], **SMALL)
    assert chinese == train_tiny(tmp_path, language="zh", **SMALL) == train_tiny(both, language="zh", **SMALL)
    (tmp_path / "sentences.jsonl").write_text(json.dumps(records[0]) + "\n" + json.dumps(records[1]), encoding="utf-8")
    assert kgwb.load_bert(train_tiny(tmp_path, **SMALL)).tokenizer.tokenize("海深？") == ["海", "深", "？"]


def test_the_archipelago_is_the_text_by_default(cache):
    record = json.loads((train_tiny(**SMALL) / "training.json").read_text())
    assert record["sentences"] == 3647


def test_a_training_that_fails_leaves_nothing(cache, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("kgwb.bert.tiny._learn", stop)
    with pytest.raises(KeyboardInterrupt):
        train_tiny(TEXT, **SMALL)
    assert not cache.exists() or not list(cache.iterdir())


def test_without_a_named_cache_the_users_own_is_taken(monkeypatch):
    monkeypatch.delenv("KGWB_CACHE", raising=False)
    assert _find_cache().name == "kgwb"


def test_the_settings_are_checked(cache):
    with pytest.raises(ValueError, match=r"width=33 came. It must be a multiple of 32; type width=128"):
        train_tiny(TEXT, width=33)
    with pytest.raises(ValueError, match=r"steps=0 came. It must be at least 1; type steps=1"):
        train_tiny(TEXT, steps=0)


def test_no_text(cache, tmp_path, monkeypatch):
    with pytest.raises(BertLoadError, match=r'no sentence in the text. Expected one at least: kgwb.load_bert\("tiny"'):
        train_tiny(["", " "])
    with pytest.raises(FileNotFoundError, match=r"There is no .*none\.txt\..* Expected one sentence per line"):
        train_tiny(tmp_path / "none.txt")
    broken = tmp_path / "sentences.jsonl"
    broken.write_text('{"text": "Good."}\n{"txt": "Bad."}\n')
    with pytest.raises(GraphFileError, match=r'(?s)sentences.jsonl, line 2: it is not a JSON object with a "text"'):
        train_tiny(broken)
    monkeypatch.setattr("kgwb.bert.tiny.find_sample_graphs", lambda: None)
    with pytest.raises(BertLoadError, match=r"no sample_graphs/archipelago came with kgwb. Expected sentences or a"):
        train_tiny()


def test_a_sentence_longer_than_the_position_table(cache):
    with pytest.raises(ValueError, match=r"Sentence 1 has 202 word pieces; this BERT has positions for 128. Split it"):
        train_tiny(["Short.", "long " * 200], **SMALL)


def test_word_pieces_know_every_character_and_any_ascii_name():
    tokenizer = learn_word_pieces(["Zoë met Бо."], 10, longest=16)
    assert tokenizer.is_fast and tokenizer.unk_token_id not in tokenizer("Quixj 7, zoe бо.")["input_ids"]
    assert tokenizer.unk_token in tokenizer.tokenize("海")
    assert tokenizer.decode(tokenizer("zoe met", add_special_tokens=False)["input_ids"]) == "zoe met"
    found = tokenizer("Met Zoë", return_offsets_mapping=True)["offset_mapping"]
    assert found[0] == (0, 0) and found[-2][1] == 7


def test_word_pieces_have_the_same_ids_every_time():
    one, same = (learn_word_pieces(TEXT, 60, longest=16).get_vocab() for _ in range(2))
    assert one == same
