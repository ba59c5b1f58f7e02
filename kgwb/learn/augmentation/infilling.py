"""More sentences by masked infilling: BERT writes other words around the names, and the graph says which may stand."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from kgwb.bert import Bert, encode_sentences, find_mentions
from kgwb.checks import expect_at_least, expect_kind, expect_seed, expect_share
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.learn.augmentation.rewriting import Edit, edit_text, find_own_graph, list_sentences, rewrite_all
from kgwb.learn.questions import MASK, Questions
from kgwb.learn.text_tasks.corpus import Corpus

log = logging.getLogger(__name__)
SPELLINGS = 4  # in which a vocabulary may hold one word: the, The, THE
_CALL = "kgwb.learn.infill_words(sentences, graph, bert=kgwb.load_bert())"
_WORD = re.compile(r"[^\W\d_]+")
# Whoever writes one of these in, or leaves it out, says the contrary.
_DENIAL = re.compile(r"no(?:t|r|ne|body|thing|where)?|never|neither|without|hardly|cannot|[不没非无未否]")


def infill_words(
    sentences: Sequence[Sentence] | Questions,
    graph: KnowledgeGraph | None = None,
    *,
    bert: Bert,
    share: int | float = 0.2,
    top: int = 5,
    most: int = 1,
    seed: int = 0,
) -> Corpus | Questions:
    """The same sentences with some words outside of names written anew by BERT's masked-language head.

    Words are taken one after the other; in each place stands one of the first `top` words that BERT expects there, drawn by
    their probability, but never the old one (Wu et al., 2019, "Conditional BERT contextual augmentation"). MiniLM comes
    without a masked-language head: tune it on `MaskedWords` first, or take load_bert("tiny"), or "bert-base-uncased".

    Dropped, and counted, is what the graph speaks against: a sentence that now names another entity, or says the fact in
    words in which the sentences say another relation, which the graph does not hold between the two. A word that stands in
    sentences of one relation alone says what relation it is, and stays; so do names, the blank of a question, and words that
    deny. It is made for writing with blanks between words, and for BERT's own kind of word pieces. Whether the rest still
    says the same, BERT does not know: look at some.

    Args:
        sentences: or questions; they stay as they are.
        graph: by default that of the questions.
        bert: who writes.
        share: of a sentence's words, how many are written anew, at least one.
        top: among how many of BERT's words is drawn.
        most: new sentences from each.
        seed: for the draw.

    Returns:
        The new ones alone, as sentences or as questions; `left_out` counts what did not come about, and why.

    Raises:
        TypeError: for what are no sentences, no graph or no BERT.
        ValueError: if nothing new came about.

    Example:
        >>> import pandas as pd
        >>> from kgwb import load_bert
        >>> from kgwb.graph import Mention
        >>> facts = pd.DataFrame([["Ada", "speaks", "Ket"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> sentence = Sentence("Yesterday Ada sang.", (Mention(10, 13, graph.entity_id("Ada"), "Ada"),))
        >>> new = infill_words([sentence], graph, bert=load_bert())[0]
        >>> [new.text[mention.start : mention.end] for mention in new.mentions]
        ['Ada']
    """
    graph = find_own_graph(sentences, graph, "kgwb.learn.infill_words(sentences, {}, bert=bert)")
    expect_kind(bert, Bert, "A BERT", call=_CALL)
    expect_share("share", share, usual=0.2)
    expect_at_least("top", top, 1, whole=True)
    expect_at_least("most", most, 1, whole=True)
    generator = np.random.default_rng(expect_seed(seed))
    if bert.new_head:
        log.warning(
            "%r came without a masked-language head; untuned, it writes any word. Type kgwb.tune(bert, "
            "kgwb.learn.MaskedWords(sentences)) first.",
            bert.name,
        )
    writer = _Writer(bert.in_mode(training=False), int(top), generator)
    given = list_sentences(sentences, _CALL)
    protected, patterns = _find_telling_words(given), _find_patterns(given)

    def rewrite(sentence: Sentence) -> Iterator[Sentence | str]:
        telling = protected.get(_relation_of(sentence), frozenset())
        places = _list_words(sentence, telling)
        if not places:
            yield "without a word that could be another"
            return
        for _ in range(most):
            chosen = generator.permutation(len(places))[: max(1, round(share * len(places)))]
            new = sentence
            for i in sorted(chosen.tolist(), reverse=True):  # from the right, so that places to the left stay
                new = writer.write(new, places[i])
            yield _why_not(sentence, new, graph, bert, patterns) or new

    return rewrite_all(sentences, rewrite, name="words written anew", call=_CALL)


class _Writer:
    """Writes another word in one place of a sentence."""

    def __init__(self, bert: Bert, top: int, generator: np.random.Generator) -> None:
        self.bert, self.top, self.generator = bert, top, generator
        spelt = bert.tokenizer.convert_ids_to_tokens(list(range(len(bert.tokenizer))))
        words = {i: word for i, word in enumerate(spelt) if _WORD.fullmatch(word)}  # no piece of a word, no sign
        self.words = {i: word for i, word in words.items() if not _DENIAL.fullmatch(word.casefold())}
        self.barred = torch.ones(len(spelt), dtype=torch.bool)
        self.barred[list(self.words)] = False

    @torch.no_grad()
    def write(self, sentence: Sentence, place: tuple[int, int]) -> Sentence:
        """The sentence with another word there; itself where BERT expects none."""
        start, end = place
        old = sentence.text[start:end]
        mask = self.bert.tokenizer.mask_token
        shown = edit_text(sentence, [(start, end, mask)])
        # A question has a blank of its own; ours is the one that stands where the word stood.
        number = shown.text[:start].count(mask)
        encoding = encode_sentences(self.bert, [shown.text]).to(self.bert.device)
        hidden = self.bert(encoding).last_hidden_state[0]
        masks = (encoding.pieces[0] == self.bert.tokenizer.mask_token_id).nonzero()[:, 0]
        logits = self.bert.answer_head(hidden[masks[number]]).float().cpu()  # [vocabulary]
        logits = logits[: len(self.barred)].masked_fill(self.barred, -torch.inf)
        # A few more than are drawn from: the old word may stand among them in several spellings.
        order = logits.topk(min(self.top + SPELLINGS, len(self.words))).indices.tolist()
        likely = [i for i in order if self.words[i].casefold() != old.casefold()][: self.top]
        if not likely:
            return sentence
        chances = logits[likely].softmax(-1).double().numpy()
        word = self.words[likely[int(self.generator.choice(len(likely), p=chances / chances.sum()))]]
        return edit_text(sentence, [(start, end, word.capitalize() if old[:1].isupper() else word)])


def _relation_of(sentence: Sentence) -> int:
    return -1 if sentence.triple is None else sentence.triple[1]


def _find_telling_words(sentences: Sequence[Sentence]) -> dict[int, frozenset[str]]:
    """Of each relation, the words that stand in no sentence of another one."""
    by_relation: dict[int, set[str]] = {}
    for sentence in sentences:
        words = {sentence.text[start:end].casefold() for start, end in _list_words(sentence, frozenset())}
        by_relation.setdefault(_relation_of(sentence), set()).update(words)
    return {
        relation: frozenset(words - set().union(*(other for r, other in by_relation.items() if r != relation)))
        for relation, words in by_relation.items()
        if relation >= 0
    }


def _list_words(sentence: Sentence, telling: frozenset[str]) -> list[tuple[int, int]]:
    """Where words stand that are no part of a name or a blank, deny nothing, and tell no relation."""
    blanks = [found.span() for found in re.finditer(re.escape(MASK), sentence.text)]
    closed = [*blanks, *((each.start, each.end) for each in sentence.mentions)]
    found = []
    for each in _WORD.finditer(sentence.text):
        start, end = each.span()
        free = all(end <= first or start >= last for first, last in closed)
        word = each.group().casefold()
        if free and word not in telling and not _DENIAL.fullmatch(word):
            found.append((start, end))
    return found


def _cut_pattern(sentence: Sentence) -> str:
    """The words around head and tail."""
    head, _, tail = sentence.triple or (-1, -1, -1)
    marks = {head: "{head}", tail: "{tail}"}
    edits: list[Edit] = [(m.start, m.end, marks[m.entity]) for m in sentence.mentions if m.entity in marks]
    return edit_text(sentence, edits).text.replace(MASK, "{tail}").casefold()


def _find_patterns(sentences: Sequence[Sentence]) -> dict[str, set[int]]:
    """The relations that are said in each way."""
    found: dict[str, set[int]] = {}
    for sentence in sentences:
        if sentence.triple is not None:
            found.setdefault(_cut_pattern(sentence), set()).add(sentence.triple[1])
    return found


def _why_not(old: Sentence, new: Sentence, graph: KnowledgeGraph, bert: Bert, patterns: dict[str, set[int]]) -> str:
    """What the graph says against a new sentence; empty where it says nothing."""
    before, after = (
        {mention.entity for mention in found} for found in find_mentions([old.text, new.text], graph, bert.tokenizer)
    )
    if after - before:
        return "naming another entity"
    if new.triple is None:
        return ""
    head, relation, tail = new.triple
    said = patterns.get(_cut_pattern(new), {relation})
    held = {tuple(fact) for fact in graph.triples[graph.triples[:, 0] == head].tolist()}
    if relation not in said and not any((head, other, tail) in held for other in said):
        return "saying a relation that the graph does not hold"
    return "saying another relation" if relation not in said else ""
