"""Word space: BERT's word embeddings, and the place of an entity among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import cut_names


@dataclass(frozen=True, eq=False)
class LabelWords:
    """What labels are in word space.

    Attributes:
        vectors: the mean word embedding of each label's pieces, float64 on the CPU, zeros where it has none
            [label, width].
        pieces: the ids of each label's word pieces; unknown and special pieces are left out.
    """

    vectors: Float[Tensor, "label width"]
    pieces: tuple[tuple[int, ...], ...]

    @property
    def found(self) -> Bool[Tensor, " label"]:
        """Whether each label has a word piece at all."""
        return torch.tensor([bool(pieces) for pieces in self.pieces], dtype=torch.bool)


@torch.no_grad()
def read_labels(bert: Bert, labels: Sequence[str]) -> LabelWords:
    """The word vector of each label: the mean over the word embeddings of its pieces, before position and type.

    Example:
        >>> from kgwb import load_bert
        >>> words = read_labels(load_bert(), ["New York", ""])
        >>> [len(pieces) for pieces in words.pieces], words.found.tolist()
        ([2, 0], [True, False])
    """
    special = set(bert.tokenizer.all_special_ids)
    cut = cut_names(bert, labels)
    pieces = tuple(tuple(piece for piece in found if piece not in special) for found in cut)
    counts = torch.tensor([len(found) for found in pieces], dtype=torch.int64)
    owner = torch.repeat_interleave(torch.arange(len(pieces)), counts)
    flat = torch.tensor(list(chain.from_iterable(pieces)), dtype=torch.int64)
    words = bert.words.weight.detach().cpu()
    sums = torch.zeros(len(pieces), words.shape[1], dtype=torch.float64).index_add_(0, owner, words[flat].double())
    return LabelWords(sums / counts.clamp_min(1)[:, None], pieces)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The word pieces that text is made of: all but special and unused ones.

    Attributes:
        ids: their ids [piece].
        names: as the tokenizer writes them, "##" or "Ġ" included.
        embeddings: a copy of their word embeddings on the CPU [piece, width].
    """

    ids: Int[Tensor, " piece"]
    names: tuple[str, ...]
    embeddings: Float[Tensor, "piece width"]


def read_vocabulary(bert: Bert) -> Vocabulary:
    """The word pieces of a BERT.

    Example:
        >>> from kgwb import load_bert
        >>> len(read_vocabulary(load_bert()).names)
        29523
    """
    words = bert.words.weight.detach().cpu()
    names = bert.tokenizer.convert_ids_to_tokens(list(range(min(len(bert.tokenizer), len(words)))))
    special = set(bert.tokenizer.all_special_ids)
    ids = [i for i, name in enumerate(names) if i not in special and not name.startswith("[unused")]
    return Vocabulary(torch.tensor(ids), tuple(names[i] for i in ids), words[ids])
