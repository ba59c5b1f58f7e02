"""Next-sentence prediction: does one sentence follow another?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Encoding, encode_sentences
from kgwb.checks import expect_choice, expect_kind, expect_seed
from kgwb.embed.precision import widen_numbers
from kgwb.graph import Sentence
from kgwb.learn.questions import shift_mention
from kgwb.learn.tasks import Task
from kgwb.learn.text_tasks.corpus import Corpus, Texts, expect_texts, fingerprint_texts
from kgwb.words import count_things, mend_text, spell_counts

Follows = Literal["order", "entity"]


@dataclass(frozen=True, repr=False)
class NextSentences(Task):
    """Distinguish a sentence that follows from one drawn at random: next-sentence prediction (Devlin et al., 2019).

    −log σ(± w·tanh(W h_[CLS])), + where the second follows the first. BERT's own next-sentence head is not in the
    checkpoints that `load_bert` reads, so the task brings a head, drawn from the seed and trained with it. The two
    sentences are one input, [CLS] first [SEP] second [SEP]; only the [SEP] shows where the second begins.

    Args:
        sentences: texts or `Sentence`s.
        follows: what following is. "order": to come next in the text (within a stretch of a `Corpus`). "entity": to
            name an entity that the first names too, as for `verbalise`d triples.
        head: the classifier: another task's, to test it on held-out sentences; by default a new one.
        seed: for the pairs and a new head.

    Raises:
        TypeError: for a single text.
        ValueError: for no sentence, or another kind of following.

    Example:
        >>> from kgwb import load_bert
        >>> bert = load_bert()
        >>> pairs = NextSentences(["It rained.", "We got wet.", "Then came the sun.", "We were dry."]).prepare(bert)
        >>> len(pairs), pairs.pairs[0]
        (6, (0, 1, True))
    """

    sentences: Texts
    follows: Follows = field(default="order", kw_only=True)
    head: nn.Module | None = field(default=None, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        expect_texts(self.sentences, "NextSentences")
        expect_choice("follows", self.follows, get_args(Follows))
        object.__setattr__(self, "seed", expect_seed(self.seed))
        call = "NextSentences(sentences, head=nn.Linear(bert.words.embedding_dim, 1))"
        expect_kind(self.head, (nn.Module, type(None)), "A head, which is an nn.Module,", call=call)

    def prepare(self, bert: Bert) -> SentencePairs:
        """Draw the pairs, cut them into word pieces, and make the head.

        Raises:
            ValueError: if no sentence follows another, or none is short enough.
        """
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        sentences = [s if isinstance(s, Sentence) else Sentence(s) for s in self.sentences]
        drawn, left_out = _draw_pairs(sentences, _find_followers(self), self.seed)
        fitting = [pair for pair in drawn if _fits(sentences, pair, bert)]
        if len(fitting) < len(drawn):
            left_out[f"pairs longer than {bert.longest} word pieces"] = len(drawn) - len(fitting)
        if not fitting:
            raise ValueError(
                f"No pair could be made of {count_things(len(sentences), 'sentence')} (left out: "
                f"{spell_counts(left_out)}). Expected sentences of which some follow others "
                "and some do not: kgwb.learn.NextSentences(corpus)."
            )
        encoding = encode_sentences(
            bert, [_join(sentences[first], sentences[second], bert) for first, second, _ in fitting]
        )
        head = self.head or _make_head(bert.words.embedding_dim, self.seed)
        return SentencePairs(encoding, fitting, head.to(bert.device), tuple(sorted(left_out.items())))

    def __repr__(self) -> str:
        options = f"follows={self.follows!r}, seed={self.seed}"
        count = count_things(len(self.sentences), "sentence")
        return f"NextSentences({count} {fingerprint_texts(self.sentences)}, {options})"


Pair = tuple[int, int, bool]


class SentencePairs(nn.Module):
    """Pairs of sentences with the head that classifies them; a task that is prepared already.

    Args:
        encoding: each pair as one input.
        pairs: (first, second, whether it follows).
        head: from the hidden state at [CLS] to a logit.
        left_out: what is missing, with counts.
    """

    def __init__(
        self, encoding: Encoding, pairs: Sequence[Pair], head: nn.Module, left_out: tuple[tuple[str, int], ...] = ()
    ) -> None:
        super().__init__()
        self.encoding = encoding
        self.pairs = tuple(pairs)
        self.head = head
        self.left_out = left_out

    def __len__(self) -> int:
        return len(self.pairs)

    def prepare(self, bert: Bert) -> SentencePairs:
        """Itself: to keep the trained head, prepare first, then tune."""
        return self

    def score(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, " row"]:
        """The logits that the second sentence follows."""
        hidden = bert(self.encoding.select(rows).to(bert.device)).last_hidden_state  # [row, token, dim]
        return widen_numbers(self.head(hidden[:, 0]))[:, 0]  # [row, 1] -> [row]

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log of the probability of the right class, averaged."""
        follows = torch.tensor([float(self.pairs[row][2]) for row in rows], device=bert.device)
        return binary_cross_entropy_with_logits(self.score(bert, rows), follows)

    @torch.no_grad()
    def predict(self, bert: Bert, *, batch: int = 64) -> pd.DataFrame:
        """One row per pair: `first`, `second` (numbers of sentences), `follows`, `probability` (that it does), `correct`."""
        bert = bert.in_mode(training=False)
        blocks = torch.arange(len(self)).split(batch)
        probabilities = torch.cat([self.score(bert, block.tolist()).sigmoid().cpu() for block in blocks])
        frame = pd.DataFrame(self.pairs, columns=["first", "second", "follows"])
        return frame.assign(
            probability=probabilities.numpy(), correct=(probabilities.numpy() > 0.5) == frame["follows"]
        )

    def extra_repr(self) -> str:
        left = "".join(f", left out: {count:,} {why}" for why, count in self.left_out)
        return f"{count_things(len(self), 'pair')}{left}"


def _find_followers(task: NextSentences) -> list[list[int]]:
    """For each sentence those that follow it."""
    count = len(task.sentences)
    if task.follows == "order":
        stretches = task.sentences.stretches if isinstance(task.sentences, Corpus) else (0,) * count
        return [[i + 1] if i + 1 < count and stretches[i] == stretches[i + 1] else [] for i in range(count)]
    entities = [frozenset(_list_named(sentence)) for sentence in task.sentences]
    naming: dict[int, list[int]] = {}
    for i, named in enumerate(entities):
        for entity in named:
            naming.setdefault(entity, []).append(i)
    return [sorted({j for entity in named for j in naming[entity]} - {i}) for i, named in enumerate(entities)]


def _list_named(sentence: str | Sentence) -> Iterator[int]:
    if isinstance(sentence, Sentence):
        yield from (mention.entity for mention in sentence.mentions if mention.entity >= 0)


def _draw_pairs(
    sentences: Sequence[Sentence], followers: Sequence[Sequence[int]], seed: int
) -> tuple[list[Pair], Counter[str]]:
    """For each sentence one that follows and one that does not, so that chance is one half."""
    random = np.random.default_rng(seed)
    pairs: list[Pair] = []
    left_out: Counter[str] = Counter()
    for first, following in enumerate(followers):
        if not following:
            left_out["sentences that none follows"] += 1
            continue
        texts = {sentences[second].text for second in (*following, first)}
        # Of 100 draws one will do, except where nearly all sentences are alike; more would cost time.
        drawn = (int(i) for i in random.permutation(len(sentences))[:100])
        other = next((i for i in drawn if sentences[i].text not in texts), None)
        if other is None:
            left_out["sentences that all follow"] += 1
            continue
        pairs += [(first, int(random.choice(following)), True), (first, other, False)]
    return pairs, left_out


def _fits(sentences: Sequence[Sentence], pair: Pair, bert: Bert) -> bool:
    text = _join(sentences[pair[0]], sentences[pair[1]], bert).text
    return len(bert.tokenizer(mend_text(text), verbose=False)["input_ids"]) <= bert.longest


def _join(first: Sentence, second: Sentence, bert: Bert) -> Sentence:
    """Both in one, with the tokenizer's separator between them."""
    between = f" {bert.tokenizer.sep_token} "
    shift = len(first.text) + len(between)
    moved = [shift_mention(mention, shift) for mention in second.mentions]
    return Sentence(f"{first.text}{between}{second.text}", (*first.mentions, *moved))


def _make_head(width: int, seed: int) -> nn.Module:
    """BERT's pooler and a logit; drawn from its own seed, so that the caller's random numbers stay as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
