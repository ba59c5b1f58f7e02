"""A vocabulary of word pieces, learnt from a text, and the tokenizer that cuts with it."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kgwb.words import CHINESE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARKS = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
# Who asks in Chinese types signs that no sentence of the text may hold.
_CHINESE_SIGNS = "，。、？！；：（）《》〈〉“”‘’「」『』【】—…·～％"


def learn_word_pieces(texts: Sequence[str], size: int, *, longest: int) -> PreTrainedTokenizerBase:
    """A fast tokenizer whose vocabulary comes from a text: BERT's own rules (lower case, no accents), its own word pieces.

    Every character of the text is a piece, as are the letters, digits and signs of ASCII, so that a name which the text
    does not hold can still be cut. A Chinese character is a word of its own, and never more than one piece; where the text
    holds any, the signs of Chinese are pieces too. Digits and Latin letters are cut into pieces as in English.

    Args:
        texts: what to learn from.
        size: the most pieces; fewer where no pair of pieces is left that stands twice.
        longest: the most pieces a sentence may have.

    Example:
        >>> learn_word_pieces(["the sea is deep", "a deep sea"], 200, longest=16).tokenize("Deep seal")
        ['deep', 'sea', '##l']
        >>> learn_word_pieces(["海很深。"], 200, longest=16).tokenize("海深[MASK]？")
        ['海', '深', '[MASK]', '？']
    """
    from tokenizers import Tokenizer
    from tokenizers.decoders import WordPiece as Joined
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    normalizer, cutter = BertNormalizer(lowercase=True), BertPreTokenizer()
    words = [word for text in texts for word, _ in cutter.pre_tokenize_str(normalizer.normalize_str(text))]
    tokenizer = Tokenizer(WordPiece(_learn_vocabulary(words, size), unk_token=MARKS["unk_token"]))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, cutter, Joined()
    ends = [(mark, tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=longest, **MARKS)


def _learn_vocabulary(words: Sequence[str], size: int) -> dict[str, int]:
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.trainers import WordPieceTrainer

    plain = string.ascii_lowercase + string.digits
    found = {character for word in words for character in word}
    signs = string.punctuation + (_CHINESE_SIGNS if any(map(CHINESE.match, found)) else "")
    first = sorted(found | set(plain + signs))
    further = sorted({character for word in words for character in word[1:]} | set(plain))
    # Given as marks they get their ids in this order; left to the trainer, ids would differ from run to run.
    known = [*MARKS.values(), *first, *(f"##{character}" for character in further)]
    learner = Tokenizer(WordPiece(unk_token=MARKS["unk_token"]))
    trainer = WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=known, show_progress=False)
    learner.train_from_iterator(words, trainer)
    return learner.get_vocab(with_added_tokens=False)
