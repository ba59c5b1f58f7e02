"""What a graph says about its own paths: its relations' wordings, joined, with types in the place of names."""

from __future__ import annotations

import re

import pandas as pd

from kgwb.graph import KnowledgeGraph, Mention, verbalise

_MASKS = ("known", "passed", "asked")
_CHINESE = dict(zip(_MASKS, ("它", "那个", "什么"), strict=True))
THING = "thing"  # what has no type
_ARTICLES = re.compile(r"\b(the|a|an) the\b", re.IGNORECASE)


def hide_names(text: str, mentions: list[Mention], types: list[str], *, language: str) -> str:
    """The text with the type of each entity in the place of its name: "Which drugs treat the disease?"

    Args:
        text: that names entities.
        mentions: where.
        types: of the graph's entities, by id.
        language: "zh" puts a pronoun there.
    """
    for mention in sorted(mentions, key=lambda mention: mention.start, reverse=True):  # so that places stay
        put = _CHINESE["known"] if language == "zh" else f"the {types[mention.entity]}"
        text = text[: mention.start] + put + text[mention.end :]
    return _ARTICLES.sub(r"\1", text)


def word_paths(graph: KnowledgeGraph, *, hops: int = 2) -> pd.DataFrame:
    """Every path of a graph in its relations' own wordings.

    "treated_by/side_effect" becomes "the disease is treated with the drug. A side effect of the drug is which symptom." The
    types are those that the ends of a relation have most often.

    Args:
        graph: whose table of relations may hold wordings, in several languages; without them the label serves.
        hops: the most steps, 1 or 2.

    Returns:
        Columns path and text.
    """
    types = list_types(graph)
    ends = {
        (relation, column): graph.triples[graph.triples[:, 1] == relation, column]
        for relation in range(len(graph.relations))
        for column in (0, 2)
    }
    kinds = {key: pd.Series([types[each] for each in its]).mode().iloc[0] for key, its in ends.items() if len(its)}
    steps, said = list(kinds), _Said(graph, kinds)  # a step leads to the column that it names
    rows = [said.word_path([step]) for step in steps]
    if hops > 1:
        pairs = [(one, two) for one in steps for two in steps if set(ends[one]) & set(ends[two[0], 2 - two[1]])]
        rows += [said.word_path(list(pair)) for pair in pairs]
    told = [{"path": path, "text": text} for path, texts in rows for text in texts]
    return pd.DataFrame(told, columns=["path", "text"]).drop_duplicates(ignore_index=True)


def list_types(graph: KnowledgeGraph) -> list[str]:
    """The type of each entity in words."""
    return [str(each or THING).replace("_", " ") for each in graph.entities["type"]]


class _Said:
    """The wordings of single steps, each made once."""

    def __init__(self, graph: KnowledgeGraph, kinds: dict[tuple[int, int], str]) -> None:
        self.graph, self.kinds = graph, kinds
        self.names = graph.relations["relation"].tolist()
        self.languages = ["en", *(["zh"] if "wording_zh" in graph.relations.columns else [])]
        self.steps: dict[tuple[object, ...], dict[str, list[str]]] = {}

    def word_path(self, steps: list[tuple[int, int]]) -> tuple[str, list[str]]:
        """The path as in SPARQL, and its texts in every language."""
        path = "/".join(("" if there == 2 else "^") + self.names[relation] for relation, there in steps)
        told = []
        for place, (relation, there) in enumerate(steps):
            masks = ("known" if place == 0 else "passed", "asked" if place == len(steps) - 1 else "passed")
            key = (relation, there, *masks)
            if key not in self.steps:
                self.steps[key] = self._word_step(relation, there, *masks)
            told.append(self.steps[key])
        texts = []
        for language in self.languages:
            count = max(len(step[language]) for step in told)
            texts += [" ".join(step[language][i % len(step[language])] for step in told) for i in range(count)]
        return path, [_ARTICLES.sub(r"\1", text) for text in texts]

    def _word_step(self, relation: int, there: int, start: str, end: str) -> dict[str, list[str]]:
        """One fact between two masks, in every language."""
        places = {2 - there: start, there: end}  # column: mask
        masks = pd.DataFrame(
            {
                "entity": ["head", "tail"],
                "label": [
                    f"{'which' if places[column] == 'asked' else 'the'} {self.kinds[relation, column]}"
                    for column in (0, 2)
                ],
                "label_zh": [_CHINESE[places[column]] for column in (0, 2)],
            }
        )
        fact = pd.DataFrame({"head": ["head"], "relation": [self.names[relation]], "tail": ["tail"]})
        masked = KnowledgeGraph.from_pandas(fact, masks, relations=self.graph.relations.iloc[[relation]])
        return {language: [each.text for each in verbalise(masked, language=language)] for language in self.languages}
