"""Checkpoints in the shapes people have, with random weights: each is loaded from its folder, and every door fits it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    PreTrainedModel,
    RobertaConfig,
    RobertaForMaskedLM,
)

import kgwb
from kgwb.bert import Bert, find_mentions
from kgwb.bert.tokenizing import cut_names
from kgwb.learn.questions import Question, Questions
from kgwb.learn.tasks import encode_questions

from .conftest import DOORS, score_answers

# transformers 5.0 makes the tokenizer of such an old folder by a call that tokenizers has since renamed.
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning")

TEXTS = ["Paris is the capital of France, and Lyon is a city in France.", "北京是中国的首都，Paris不是。"]
NAMES = [["Paris", "France", "Lyon", "France"], ["北京", "中国", "Paris"]]
WORDS = sorted(set("".join(TEXTS)) - {" "}) + [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_word_pieces(folder: Path, *, lower: bool) -> None:
    """As the first checkpoints came: a list of pieces, from which the fast tokenizer is made at loading."""
    pieces = [word.lower() if lower else word for word in WORDS]
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *dict.fromkeys(pieces)]), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}), encoding="utf-8")


def write_byte_pairs(folder: Path) -> None:
    """RoBERTa's pieces are of bytes: a Chinese character is up to three of them."""
    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(TEXTS, vocab_size=400, special_tokens=special, show_progress=False)
    tokenizer.save_model(str(folder))


# The published measures, with six layers where they have more: enough for every door of the list.
SHAPES: dict[str, tuple[Callable[[], PreTrainedModel], Callable[[Path], None]]] = {
    "bert-base-uncased": (
        lambda: BertForMaskedLM(BertConfig(num_hidden_layers=6)),
        lambda folder: write_word_pieces(folder, lower=True),
    ),
    "bert-base-chinese": (
        lambda: BertForMaskedLM(BertConfig(vocab_size=21128, num_hidden_layers=6)),
        lambda folder: write_word_pieces(folder, lower=False),
    ),
    "distilbert-base": (
        lambda: DistilBertForMaskedLM(DistilBertConfig()),
        lambda folder: write_word_pieces(folder, lower=True),
    ),
    "roberta-base": (
        lambda: RobertaForMaskedLM(
            RobertaConfig(
                vocab_size=50265,
                max_position_embeddings=514,
                type_vocab_size=1,
                layer_norm_eps=1e-5,
                num_hidden_layers=6,
            )
        ),
        write_byte_pairs,
    ),
}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model as kgwb loads it, and what Hugging Face's own makes of each text: attention and hidden states."""

    bert: Bert
    plain: list[tuple[torch.Tensor, torch.Tensor]]


def load(folder: Path, make: Callable[[], PreTrainedModel], write_tokenizer: Callable[[Path], None]) -> Checkpoint:
    torch.manual_seed(0)
    make().save_pretrained(folder)
    write_tokenizer(folder)
    bert, model = kgwb.load_bert(folder), AutoModelForMaskedLM.from_pretrained(folder, attn_implementation="eager")
    shutil.rmtree(folder)  # hundreds of megabytes each
    plain = []
    for text in TEXTS:
        cut = bert.tokenizer(text, return_tensors="pt")
        given = {name: cut[name] for name in ("input_ids", "attention_mask")}
        with torch.no_grad():
            output = model(**given, output_attentions=True, output_hidden_states=True)
        plain.append((torch.cat(output.attentions), torch.cat(output.hidden_states)))
    return Checkpoint(bert, plain)


@pytest.fixture(scope="module", params=list(SHAPES))
def checkpoint(request, tmp_path_factory) -> Iterator[Checkpoint]:
    yield load(tmp_path_factory.mktemp("checkpoint") / request.param, *SHAPES[request.param])


def assert_plain(model: Bert, plain: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    for text, (attention, hidden) in zip(TEXTS, plain, strict=True):
        reading = kgwb.read(model, text)
        assert torch.equal(reading.attention[0], attention)
        assert torch.equal(reading.hidden[0], hidden)


def assert_open(model: Bert, plain: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """The door acts on both texts, and what is attended to sums to one."""
    everyone = torch.arange(len(model.injector.graph.labels))[None]
    answers = score_answers(model, everyone, f"{TEXTS[0]} {model.tokenizer.mask_token}")
    for text, (_, hidden) in zip(TEXTS, plain, strict=True):
        reading = kgwb.read(model, text)
        total = reading.attention.sum(-1) + (0 if reading.slots is None else reading.slots.sum(-1))
        torch.testing.assert_close(total, torch.ones_like(total), atol=2e-6, rtol=0)
        changed = float((reading.hidden[0] - hidden).abs().max())
        assert changed > 1e-4 or (answers is not None and answers.abs().max() > 0)


def test_a_checkpoint_is_read_as_hugging_face_reads_it(checkpoint, vectors):
    bert = checkpoint.bert
    assert (bert.layers, bert.longest, bert.words.embedding_dim, bert.new_head) == (6, 512, 768, False)
    assert_plain(bert, checkpoint.plain)
    for text, names in zip(TEXTS, NAMES, strict=True):
        [found] = find_mentions([text], vectors.graph, bert.tokenizer)
        assert [mention.text for mention in found] == names
        pieces = kgwb.read(bert, text, mentions=[found]).mentions[0]
        assert all(mention.pieces[0] < mention.pieces[1] for mention in pieces)


@pytest.mark.parametrize("door", list(DOORS))
def test_every_door_fits_every_shape(checkpoint, vectors, set_gates, door):
    mode, options = DOORS[door]
    model = kgwb.inject(checkpoint.bert, vectors, mode=mode, **options)
    assert_plain(model, checkpoint.plain)
    set_gates(model, 0.5)
    assert_open(model, checkpoint.plain)
    with model.injector.off():
        assert_plain(model, checkpoint.plain)


def test_chinese_characters_are_pieces_of_their_own(tmp_path, vectors):
    write = SHAPES["bert-base-chinese"][1]
    small = BertConfig(vocab_size=21128, hidden_size=24, num_hidden_layers=2, num_attention_heads=2)
    bert = load(tmp_path / "chinese", lambda: BertForMaskedLM(small), write).bert
    reading = kgwb.read(kgwb.inject(bert, vectors), "我在北京。")
    assert reading.tokens == (("[CLS]", "[UNK]", "[UNK]", "北", "京", "。", "[SEP]"),)
    assert [mention.pieces for mention in reading.mentions[0]] == [(3, 5)]
    assert reading.injected == ((False, False, False, True, True, False, False),)


def test_names_are_cut_as_in_the_text(tmp_path, vectors):
    small = RobertaConfig(
        vocab_size=50265, max_position_embeddings=514, hidden_size=24, num_hidden_layers=2, num_attention_heads=2
    )
    bert = load(tmp_path / "roberta", lambda: RobertaForMaskedLM(small), write_byte_pairs).bert
    assert bert.tokenizer.convert_ids_to_tokens(cut_names(bert, ["France"])[0]) == ["ĠFrance"]
    for text, name in {
        "Paris is in [MASK].": " France",
        "[MASK] is old.": "France",
        "It is old ([MASK]).": "France",
    }.items():
        asked = Questions(vectors.graph, (Question(text, (), 0, 0, 0, (0, 1), ("France", "Lyon")),))
        encoded = encode_questions(bert, asked)
        pieces = encoded.name_pieces[encoded.answers[0]][encoded.name_weights[encoded.answers[0]] > 0].tolist()
        assert pieces == bert.tokenizer(name, add_special_tokens=False)["input_ids"]
        whole = bert.tokenizer(text.replace("[MASK]", "France"))["input_ids"]
        assert any(whole[i : i + len(pieces)] == pieces for i in range(len(whole)))


def test_twelve_layers_with_three_doors_at_once(tmp_path, vectors, set_gates):
    whole = load(tmp_path / "base", lambda: BertForMaskedLM(BertConfig()), SHAPES["bert-base-uncased"][1])
    assert whole.bert.layers == 12
    model = kgwb.inject(whole.bert, vectors, mode=("entity", "relation", "memory"))
    assert_plain(model, whole.plain)
    set_gates(model, 0.5)
    assert_open(model, whole.plain)
    with model.injector.off():
        assert_plain(model, whole.plain)
