"""More sentences from those there are: other names, no names, other wordings, and whatever a function of one's own makes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from kgwb.checks import expect_at_least, expect_kind, expect_seed, expect_share, expect_text, is_function
from kgwb.graph import KnowledgeGraph, Mention, Sentence, learn_wordings, verbalise
from kgwb.learn.augmentation.rewriting import edit_text, find_own_graph, list_sentences, rewrite_all
from kgwb.learn.questions import MASK, Questions, mask_mention
from kgwb.learn.text_tasks.corpus import Corpus
from kgwb.words import describe_kind, tell_language

_RENAME = "kgwb.learn.rename_mentions(sentences, graph)"
_HIDE = "kgwb.learn.hide_mentions(sentences)"
_REWORD = "kgwb.learn.reword_facts(sentences, graph, wordings={'speaks': '{tail} is what {head} speaks.'})"
_AUGMENT = "kgwb.learn.augment(sentences, with_=translate_there_and_back)"


def rename_mentions(
    sentences: Sequence[Sentence] | Questions, graph: KnowledgeGraph | None = None, *, most: int = 1, seed: int = 0
) -> Corpus | Questions:
    """The same sentences with other names of the entities that they mention: labels and aliases of the graph.

    Each mention takes a name in the sentence's script that it is not called by now, where its entity has one that no other
    entity bears.

    Args:
        sentences: or questions; they stay as they are.
        graph: whose names are taken; by default that of the questions.
        most: new sentences from each.
        seed: for the choice of names.

    Returns:
        The new ones alone, as sentences or as questions; `left_out` counts what did not come about, and why.

    Raises:
        TypeError: for what are no sentences, or no graph.
        ValueError: if nothing new came about.

    Example:
        >>> import pandas as pd
        >>> entities = pd.DataFrame({"entity": ["Ada"], "aliases": [["Ada Lane"]]})
        >>> facts = pd.DataFrame([["Ada", "speaks", "Ket"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts, entities)
        >>> [sentence.text for sentence in rename_mentions(verbalise(graph), graph)]
        ['Ada Lane, speaks, Ket.']
    """
    graph = find_own_graph(sentences, graph, "kgwb.learn.rename_mentions(sentences, {})")
    expect_at_least("most", most, 1, whole=True)
    generator = np.random.default_rng(expect_seed(seed))
    names = _list_names(graph)
    bearers = Counter(name.casefold() for own in names for name in own)

    def rewrite(sentence: Sentence) -> Iterator[Sentence | str]:
        script = tell_language(sentence.text)
        others = {
            mention: [
                name
                for name in names[mention.entity]
                if bearers[name.casefold()] == 1
                and tell_language(name) == script
                and name.casefold() != sentence.text[mention.start : mention.end].casefold()
            ]
            for mention in sentence.mentions
        }
        if not any(others.values()):
            yield "without another name" if sentence.mentions else "without a mention"
            return
        for _ in range(most):
            drawn = [(each, str(generator.choice(found))) for each, found in others.items() if found]
            yield edit_text(sentence, [(mention.start, mention.end, name) for mention, name in drawn])

    return rewrite_all(sentences, rewrite, name="other names", call=_RENAME)


def hide_mentions(
    sentences: Sequence[Sentence] | Questions, *, share: int | float = 0.5, mask: str | None = None, seed: int = 0
) -> Corpus | Questions:
    """The same sentences with some names hidden, so that what is learnt does not hang on them.

    A hidden name is no mention any more, so that a door does not act there, and a sentence whose head or tail is hidden
    states no fact any more.

    Args:
        sentences: or questions; they stay as they are.
        share: of the mentions of each sentence, how many are hidden, at least one.
        mask: what stands in their place; by default [MASK], and [UNK] in questions, whose one [MASK] is the answer's.
        seed: for the choice.

    Returns:
        The new ones alone, as sentences or as questions; `left_out` counts what did not come about, and why.

    Raises:
        TypeError: for what are no sentences.
        ValueError: if nothing new came about.

    Example:
        >>> sentence = Sentence("Ada speaks Ket.", (Mention(0, 3, 0, "Ada"), Mention(11, 14, 1, "Ket")))
        >>> hide_mentions([sentence], share=1.0)[0].text
        '[MASK] speaks [MASK].'
    """
    expect_share("share", share, usual=0.5)
    generator = np.random.default_rng(expect_seed(seed))
    if mask is not None:
        expect_text("mask", mask, usual=MASK)
    shown = mask if mask is not None else "[UNK]" if isinstance(sentences, Questions) else MASK

    def rewrite(sentence: Sentence) -> Iterator[Sentence | str]:
        count = max(1, round(share * len(sentence.mentions)))
        hidden = [sentence.mentions[i] for i in generator.permutation(len(sentence.mentions))[:count]]
        if not hidden:
            yield "without a mention"
            return
        new = edit_text(sentence, [(each.start, each.end, shown) for each in hidden], drop=hidden)
        ends = set() if sentence.triple is None else {sentence.triple[0], sentence.triple[2]}
        yield new if ends.isdisjoint(each.entity for each in hidden) else replace(new, triple=None)

    return rewrite_all(sentences, rewrite, name="names hidden", call=_HIDE)


def reword_facts(
    sentences: Sequence[Sentence] | Questions,
    graph: KnowledgeGraph | None = None,
    *,
    wordings: Mapping[str, str | Sequence[str]] | None = None,
    most: int = 1,
    seed: int = 0,
) -> Corpus | Questions:
    """The facts that the sentences state, in other words (`kgwb.verbalise`).

    Args:
        sentences: or questions; they stay as they are. Head and tail of questions are told by the graph's labels.
        graph: for the names; by default that of the questions.
        wordings: for a relation one wording or several; by default those in which the sentences themselves state other
            facts of the relation (`kgwb.graph.learn_wordings`), which questions do not tell.
        most: new sentences from each.
        seed: for the choice of wordings.

    Returns:
        The new ones alone, as sentences or as questions; `left_out` counts what did not come about, and why. Their wordings
        are numbered on from the highest number there is.

    Raises:
        TypeError: for what are no sentences, or no graph.
        ValueError: if nothing new came about, or for a wording without {head} and {tail}.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Ada", "speaks", "Ket"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> wordings = {"speaks": "{tail} is what {head} speaks."}
        >>> reword_facts(verbalise(graph), graph, wordings=wordings)[0].text
        'Ket is what Ada speaks.'
    """
    graph = find_own_graph(sentences, graph, "kgwb.learn.reword_facts(sentences, {})")
    expect_kind(wordings, (Mapping, type(None)), "A mapping of relations to wordings", call=_REWORD)
    expect_at_least("most", most, 1, whole=True)
    generator = np.random.default_rng(expect_seed(seed))
    given = list_sentences(sentences, _REWORD)
    asks = isinstance(sentences, Questions)
    found: Mapping[str, Any] = (
        wordings if wordings is not None else {} if asks else learn_wordings(given, graph, least=1)
    )
    told = {graph.relation_id(name) for name in found}
    first = 1 + max((sentence.wording for sentence in given), default=-1)

    def rewrite(sentence: Sentence) -> Iterator[Sentence | str]:
        if sentence.triple is None or sentence.triple[1] not in told:
            yield "stating no fact" if sentence.triple is None else "of a relation without another wording"
            return
        said = [s for s in verbalise(graph, [sentence.triple], wordings=found) if s.text != sentence.text]
        if not said:
            yield "of a relation without another wording"
        for i in generator.permutation(len(said))[:most]:
            new = replace(said[i], wording=first + said[i].wording)
            yield _ask(new) if asks else new

    return rewrite_all(sentences, rewrite, name="other wordings", call=_REWORD)


def augment(
    sentences: Sequence[Sentence] | Questions, *, with_: Callable[[str], str | Iterable[str] | None]
) -> Corpus | Questions:
    """What a function of your own makes of each text: translated there and back, written by a language model.

    Mentions are looked for in the new text, letter by letter and in their order; one that lost or doubled a name is dropped.
    Whether it still says the same, only the function knows.

    Args:
        sentences: or questions, in which [MASK] has to stay; they stay as they are.
        with_: is called with a text, and gives another, several, or None.

    Returns:
        The new ones alone, as sentences or as questions; `left_out` counts what did not come about, and why.

    Raises:
        TypeError: for what are no sentences, no function, or if it gives something else.
        ValueError: if nothing new came about.

    Example:
        >>> sentence = Sentence("Ada speaks Ket.", (Mention(0, 3, 0, "Ada"), Mention(11, 14, 1, "Ket")))
        >>> augment([sentence], with_=lambda text: "They say that " + text)[0].mentions[0]
        Mention(start=14, end=17, entity=0, text='Ada', pieces=None, candidates=())
    """
    if not is_function(with_):
        raise TypeError(f"A function of a text was expected, but {describe_kind(with_)} came. Type {_AUGMENT}.")

    def rewrite(sentence: Sentence) -> Iterator[Sentence | str]:
        given = with_(sentence.text)
        texts = [given] if isinstance(given, str) else [] if given is None else given
        expect_kind(texts, Iterable, "A text, several, or None, from with_", call=_AUGMENT)
        made = list(texts)
        if not made:
            yield "of which the function made nothing"
        for text in made:
            expect_kind(text, str, "A text from with_", call=_AUGMENT)
            yield _find_again(sentence, text)

    return rewrite_all(sentences, rewrite, name=getattr(with_, "__name__", "a function"), call=_AUGMENT)


def _list_names(graph: KnowledgeGraph) -> list[tuple[str, ...]]:
    """What each entity is called in texts: labels in every language, and aliases; its name in the file is none."""
    columns = [column for column in graph.entities.columns if column == "label" or column.startswith("label_")]
    tables = [graph.entities[column].tolist() for column in columns]
    aliases = graph.entities["aliases"].tolist()
    rows = zip(*tables, aliases, strict=True)
    return [tuple(dict.fromkeys(name for name in (*row[:-1], *row[-1]) if name)) for row in rows]


def _ask(sentence: Sentence) -> Sentence:
    """The sentence with [MASK] in place of its tail."""
    _, _, tail = sentence.triple or (0, 0, 0)
    answer = next((each for each in reversed(sentence.mentions) if each.entity == tail), None)
    if answer is None:
        return sentence
    text, mentions = mask_mention(sentence.text, sentence.mentions, answer, MASK)
    return replace(sentence, text=text, mentions=mentions)


def _find_again(sentence: Sentence, text: str) -> Sentence | str:
    """The new text with the mentions of the old one, or why it cannot be used."""
    moved: list[Mention] = []
    for mention in sentence.mentions:
        name = sentence.text[mention.start : mention.end]
        before, after = _find_places(sentence.text, name), _find_places(text, name)
        if name and mention.start not in before:  # a word there, perhaps a part of one here
            before, after = (_find_places(each, name, apart=False) for each in (sentence.text, text))
        if len(before) != len(after) or mention.start not in before:
            return "a name is gone, or doubled"
        start = after[before.index(mention.start)]  # the same occurrence, counted from the left
        moved.append(replace(mention, start=start, end=start + len(name), text=name, pieces=None))
    moved.sort(key=lambda mention: mention.start)
    if any(one.end > other.start for one, other in pairwise(moved)):
        return "names overlap"
    return replace(sentence, text=text, mentions=tuple(moved))


def _find_places(text: str, name: str, *, apart: bool = True) -> list[int]:
    """Where a text holds a name, as words of their own if `apart`."""
    pattern = re.escape(name)
    return [found.start() for found in re.finditer(rf"(?<!\w){pattern}(?!\w)" if apart else pattern, text)]
