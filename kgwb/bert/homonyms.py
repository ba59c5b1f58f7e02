"""Whether a text writes another word where it seems to name an entity, or a longer name of which that is a part."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgwb.axes import Bool
from kgwb.bert.folding import compile_pattern
from kgwb.graph import KnowledgeGraph, Mention

_MOST = 0.8
_DETERMINERS = frozenset("the a an this that these those my your his her its our their".split())
# The closed classes of English, with months and days: beside a name they are no part of it.
_FUNCTION_WORDS = _DETERMINERS | frozenset(
    """about above across after again against ago all along already also although always am among an and another any are
    around as at be became because become becomes been before began begins behind being below beneath beside besides
    between beyond both but by came can comes could despite did do does done down during each either even ever every
    everywhere except few first for former formerly from further had has have having he here how however i if in inside
    instead into is it just last later like many may me meanwhile might more most much must near neither never next no nor
    not now of off often on once one only onto or other outside over past per perhaps rather remain remained remains
    second seem seemed seems shall she should since so some sometimes soon spoken still such than then there therefore they
    third though three through throughout thus till to today together too toward towards two under unless unlike until up upon
    us usually via was we were what when whenever where whereas whether which while who whose why will with within without
    would written yet you
    january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday""".split()
)
# One of these stands in nearly every English text, and none is a word of German, which writes all nouns with capitals.
_ENGLISH = re.compile(
    r"\b(?:the|of|and|to|is|are|were|been|be|have|has|had|became|with|for|from|by|at|into|after|before|between|about|near"
    r"|that|this|there|which|who|when|while|where|he|she|it|they|you|we|my|his|her|its|their|our|your|not|never|but|than|both)\b"
)
_LANGUAGE = re.compile(
    r"(?:[\w-]+ ){0,4}languages?(?=$|[^\w ]| (?:of|in|from|spoken|native|used|and|with|that)\b)", re.I
)
# What is a language's own, or told in it.
_OF_LANGUAGES = re.compile(
    r"(?: - |[ -])(?:languages?|speak\w*|spoken|written|dialects?|alphabet|script|grammar|words?|names?|texts?|version"
    r"|editions?|translations?|literature|poe\w+|novels?|books?|newspapers?|songs?|films?|movies?)\b"
)
_NOUN = re.compile(r"[ -]([a-z]+)")
_LIST = re.compile(r"(?:, |,? (?:and|or) )")
_PARTICIPLE = re.compile(r"\w{2,}(?:[^r]ed|ing)")
# Before a name these say who or what it is, and are no part of it.
_EPITHETS = frozenset("mount mt ancient medieval modern imperial colonial greater central planet mainland".split())
_TITLES = frozenset(
    """mr mrs ms miss mx sir madam dr doctor prof professor rev reverend saint st pope bishop archbishop cardinal father
    mother brother sister uncle aunt cousin grandfather grandmother king queen prince princess emperor empress tsar sultan
    duke duchess count countess baron lord lady dame knight president chancellor premier minister secretary senator
    governor mayor ambassador judge justice general admiral marshal colonel col major captain capt commander lieutenant lt
    sergeant sgt corporal private officer inspector detective chief chair chairman chairwoman director manager head boss
    engineer architect teacher nurse coach clerk baker farmer composer painter writer author poet singer actor actress
    philosopher mathematician physicist chemist astronaut explorer""".split()
)
_NO_NAMES = _FUNCTION_WORDS | _EPITHETS | _TITLES
_PERSON = re.compile(
    r"person|people|human|man\b|woman|character|islander|employee|staff|member|author|actor|player|politician", re.I
)
_CAPITAL = r"(?<![\p{L}\p{M}\p{N}'’])\p{Lu}(?:['’]\p{Lu})?[\p{L}\p{M}-]*(?![\p{L}\p{M}\p{N}])"
_INITIAL = re.compile(r"(?:^|[\s(])(?:[A-Z][a-z]+ )[A-Z]\. $")
_TITLE = re.compile(r"\b([A-Z][a-z]+)\.? $")
_WATERS_BEFORE = re.compile(r"\b(?:Lake|River|(?:Gulf|Bay|Sea|Straits?) of) $")
_WATERS_AFTER = re.compile(
    r" (?:River|Sea|Bay|Gulf|Strait)\b|[湾灣洋]|海[峡峽]"
    r"|[海河湖江](?=$|[^\u4e00-\u9fff]|[的在是和与及位沿水之两]|流[经入过向域])"
)
# Before a name they make another (新几内亚, 北爱尔兰), unless they end a word themselves (湖北, 最新).
_NEW_BEFORE = re.compile(r"(?:^|[^\u4e00-\u9fff]|[的在是和与跟及于到从由对被有去来往向为称])[新北内]$")
_LONGEST_BEFORE = 24


@dataclass(frozen=True, eq=False)
class NameKinds:
    """What the letters and words around a name can say about it, for each entity of a graph.

    Attributes:
        proper: whether its name has a capital because it is one: so have the last words of most names of its type.
        language: whether it is a language by its type or description: in English such a name is an adjective too.
        person: whether it is a person by its type, or may be one because it has none.
    """

    proper: Bool[np.ndarray, " entity"]
    language: Bool[np.ndarray, " entity"]
    person: Bool[np.ndarray, " entity"]

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> NameKinds:
        """Those of a graph."""
        said = zip(graph.entities["type"], graph.entities["description"], strict=True)
        language = [any(map(_LANGUAGE.match, each)) for each in said]
        person = [not kind or bool(_PERSON.search(kind)) for kind in graph.entities["type"]]
        return cls(*(np.asarray(each, dtype=bool) for each in (_list_proper(graph), language, person)))


def find_homonyms(text: str, mentions: Sequence[Mention], kinds: NameKinds) -> list[list[bool]]:
    """For each candidate of each mention, whether the text writes another word, or a longer name around it.

    *Another word*: in small letters, in a text with capitals, though the names of its kind have capitals (turkey).
    *A longer name*: next to a mention of one word with a capital another word has one, which no other mention holds
    (Georgia Tech, Michael Jordan), or it is a lake, a sea or a gulf. A title speaks only against what is no person (Mr.
    Holland, but Dr. Lee). *An adjective*: a language before a noun (French wine)
    or after "the" (the Dutch). Function words are no part of a name (In Mexico), and only English is judged by its
    capitals and adjectives: a text with a word such as "the" or "of".

    Args:
        text: the sentence.
        mentions: of it.
        kinds: of the entities of their graph.
    """
    if not mentions:
        return []
    order = sorted(range(len(mentions)), key=lambda number: mentions[number].start)
    ordered = [mentions[number] for number in order]
    is_english, is_small = _ENGLISH.search(text) is not None, text.islower()
    longer = _find_longer_names(text, ordered, is_english=is_english)
    titled = [is_english and _has_title(text, mention) for mention in ordered]
    adjectives = _find_adjectives(text, ordered, kinds) if is_english else [False] * len(ordered)
    result: list[list[bool]] = [[] for _ in mentions]
    for number, mention, within, title, adjective in zip(order, ordered, longer, titled, adjectives, strict=True):
        word = text[mention.start : mention.end]
        small = word.islower() and " " not in word and not is_small
        result[number] = [
            within
            or bool(title and not kinds.person[each])
            or bool(small and kinds.proper[each])
            or bool(adjective and kinds.language[each])
            for each in _candidates(mention)
        ]
    return result


def leave_out_homonyms(text: str, mentions: Sequence[Mention], kinds: NameKinds) -> list[Mention]:
    """The mentions without the candidates that `find_homonyms` speaks against; without any they go too."""
    kept = []
    for mention, against in zip(mentions, find_homonyms(text, mentions, kinds), strict=True):
        candidates = tuple(each for each, no in zip(_candidates(mention), against, strict=True) if not no)
        if candidates:
            kept.append(replace(mention, entity=candidates[0], candidates=candidates) if any(against) else mention)
    return kept


def _candidates(mention: Mention) -> tuple[int, ...]:
    return mention.candidates or (mention.entity,)


def _find_longer_names(text: str, ordered: Sequence[Mention], *, is_english: bool) -> list[bool]:
    """Whether each mention is a part of a longer name."""
    starts, ends = _find_capitals(text) if is_english else (frozenset(), {})
    result, free_from = [], 0
    for mention, free_to in zip(ordered, [*(each.start for each in ordered[1:]), len(text)], strict=True):
        word, before = text[mention.start : mention.end], text[max(0, mention.start - _LONGEST_BEFORE) : mention.start]
        around = _WATERS_BEFORE.search(before) or _WATERS_AFTER.match(text, mention.end) or _NEW_BEFORE.search(before)
        within = around is not None
        if is_english and not within and _is_bare(word):
            follows = (
                text[mention.end : mention.end + 1] == " " and mention.end + 1 in starts and mention.end + 1 < free_to
            )
            leads = before.endswith(" ") and ends.get(mention.start - 1, -1) >= free_from
            within = follows or leads or _INITIAL.search(before) is not None
        result.append(within)
        free_from = mention.end
    return result


def _is_bare(word: str) -> bool:
    """Whether it is one word with a capital: names of several words are hardly ever parts of others."""
    return word[0].isupper() and not word.isupper() and " " not in word


def _has_title(text: str, mention: Mention) -> bool:
    """Whether a word that is written before persons' names stands before a name of one word."""
    before = _TITLE.search(text[max(0, mention.start - _LONGEST_BEFORE) : mention.start])
    return before is not None and before[1].lower() in _TITLES and _is_bare(text[mention.start : mention.end])


def _find_capitals(text: str) -> tuple[frozenset[int], Mapping[int, int]]:
    """Where words with a capital start, and from each end where; no function words, and none in capitals throughout."""
    spans = [found.span() for found in compile_pattern(_CAPITAL).finditer(text)]
    spans = [(start, end) for start, end in spans if _may_name(text[start:end])]
    return frozenset(start for start, _ in spans), {end: start for start, end in spans}


def _may_name(word: str) -> bool:
    return not (word.isupper() or word.lower() in _NO_NAMES or _PARTICIPLE.fullmatch(word))


def _find_adjectives(text: str, ordered: Sequence[Mention], kinds: NameKinds) -> list[bool]:
    """Whether each mention would be an adjective, were it a language's name; in a list, all are what the last one is."""
    result: list[bool] = []
    for mention, following in zip(reversed(ordered), [None, *reversed(ordered)], strict=False):
        between = text[mention.end : following.start] if following is not None else ""
        if following is not None and _LIST.fullmatch(between) and kinds.language[list(_candidates(following))].any():
            result.append(result[-1])
            continue
        noun = _NOUN.match(text, mention.end)
        is_before_noun = (
            noun is not None and noun[1] not in _FUNCTION_WORDS - _DETERMINERS and not noun[1].endswith("ly")
        )
        after_the = text[max(0, mention.start - 4) : mention.start].lower().endswith("the ")
        told = _OF_LANGUAGES.match(text, mention.end) or text[mention.start : mention.end].lower().endswith(" language")
        result.append((is_before_noun or after_the) and not told)
    return result[::-1]


def _list_proper(graph: KnowledgeGraph) -> list[bool]:
    """Per entity, whether its name has a capital because it is one: so have the last words of most names of its type."""
    capitals: dict[str, list[bool]] = {}
    for label, kind in zip(graph.labels, graph.entities["type"], strict=True):
        words = label.split()
        if len(words) > 1 and words[-1][:1].isalpha() and words[-1].lower() != words[-1].upper():
            capitals.setdefault(kind, []).append(words[-1][0].isupper())
    proper = {kind for kind, those in capitals.items() if np.mean(those) > _MOST}
    names = zip(graph.labels, graph.entities["aliases"], graph.entities["type"], strict=True)
    return [kind in proper and not any(map(str.islower, (label, *aliases))) for label, aliases, kind in names]
