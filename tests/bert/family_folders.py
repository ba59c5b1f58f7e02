"""Small folders of each family as Hugging Face saves them: random weights, and a tokenizer built as the published one is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    CamembertConfig,
    CamembertForMaskedLM,
    CamembertTokenizer,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizer,
)
from transformers.tokenization_utils_base import AddedToken

TEXTS = (
    "Paris is the capital of France.",
    "Lyon is a city in France, and New York one in America.",
    "Quorrin Vath was born in Paris. York is in England.",
    "北京是中国的首都。巴黎是法国的首都，里昂在哪里？",
)
SMALL = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}


def _learn_unigram(first: Sequence[str]) -> list[tuple[str, float]]:
    """Pieces with their scores, as SentencePiece has them, behind the marks; the mask stands last."""
    learner = Tokenizer(models.Unigram())
    learner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    letters = sorted(set("".join(TEXTS)) | set("abcdefghijklmnopqrstuvwxyz(),.?"))
    trainer = trainers.UnigramTrainer(
        vocab_size=150, initial_alphabet=letters, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False
    )
    # Of four sentences whole clauses would be learnt; Chinese comes by the character, and two words of two of them.
    learner.train_from_iterator(TEXTS[:3], trainer)
    found = sorted((set(learner.get_vocab()) | {"北京", "首都"}) - {"<unk>"})
    # Longer pieces score higher, so that words are not cut into letters.
    pieces = [(piece, -8.0 + min(len(piece), 6)) for piece in found]
    return [*((mark, 0.0) for mark in first), *pieces, ("<mask>", 0.0)]


def make_xlm_roberta() -> tuple[XLMRobertaForMaskedLM, XLMRobertaTokenizer]:
    tokenizer = XLMRobertaTokenizer(vocab=_learn_unigram(["<s>", "<pad>", "</s>", "<unk>"]))
    config = XLMRobertaConfig(
        **SMALL, vocab_size=len(tokenizer), max_position_embeddings=66, pad_token_id=1, type_vocab_size=1
    )
    return XLMRobertaForMaskedLM(config), tokenizer


def make_camembert() -> tuple[CamembertForMaskedLM, CamembertTokenizer]:
    first = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]
    tokenizer = CamembertTokenizer(vocab=_learn_unigram(first))
    config = CamembertConfig(
        **SMALL, vocab_size=len(tokenizer), max_position_embeddings=66, pad_token_id=1, type_vocab_size=1
    )
    return CamembertForMaskedLM(config), tokenizer


def make_modernbert() -> tuple[ModernBertForMaskedLM, PreTrainedTokenizerFast]:
    """Byte-level pieces as GPT-NeoX's, BERT's marks; two layers of three look no farther than four pieces."""
    marks = ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=marks,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS[:3], trainer)
    ends = [(mark, tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", ends)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        mask_token=AddedToken("[MASK]", lstrip=True, special=True),
    )
    config = ModernBertConfig(
        **SMALL,
        vocab_size=len(fast),
        max_position_embeddings=64,
        global_attn_every_n_layers=3,
        local_attention=8,
        **{f"{mark}_token_id": getattr(fast, f"{mark}_token_id") for mark in ("pad", "cls", "sep")},
        bos_token_id=fast.cls_token_id,
        eos_token_id=fast.sep_token_id,
    )
    return ModernBertForMaskedLM(config), fast


def make_bert_chinese() -> tuple[BertForMaskedLM, BertTokenizer]:
    """A character is a piece, of Latin words the letters are, and case is dropped, as bert-base-chinese does."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
    signs = sorted(set("".join(TEXTS)) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZ ") - set(letters))
    marks = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known = [*marks, *signs, *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(known)})
    return BertForMaskedLM(BertConfig(**SMALL, vocab_size=len(known), max_position_embeddings=64)), tokenizer


MAKERS: dict[str, Callable[[], tuple[torch.nn.Module, object]]] = {
    "bert-base-chinese": make_bert_chinese,
    "xlm-roberta": make_xlm_roberta,
    "camembert": make_camembert,
    "modernbert": make_modernbert,
}


def save_family(name: str, folder: Path) -> Path:
    """Write the folder of a family, the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, tokenizer = MAKERS[name]()
    for part in (model, tokenizer):
        part.save_pretrained(folder)  # type: ignore[attr-defined, operator]
    return folder
