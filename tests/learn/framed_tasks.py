"""Every task that takes a data frame, each on a few rows: what holds for one must hold for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

import kgwb
from kgwb.bert import Bert
from kgwb.learn import (
    ClozeClasses,
    EntityLinks,
    EntityTags,
    EntityTypes,
    FrameTask,
    MultipleChoice,
    RelationClasses,
    TextClasses,
)

GOOD = ("The soup was warm and good.", "A kind cook and a fine meal.", "We liked the bread.", "北家大和上。")
BAD = ("The soup was cold and bad.", "A rude cook and a poor meal.", "We sent the bread back.", "北家小和下。")
TAGGED = (
    "Ada/B-person Lane/I-person lives/O in/O Rome/B-place ./O",
    "Bo/B-person left/O New/B-place York/I-place for/O Rome/B-place ./O",
    "They/O sing/O in/O York/B-place ./O",
    "王/B-person 明/I-person 和/O 北/B-place 京/I-place 。/O",
    "Bo/B-person Lane/I-person sings/O ./O",
)
STATED = (
    ("Ada lives in Rome.", "Ada", "Rome", "home", ["person"]),
    ("Bo lives in York.", "Bo", "York", "home", ["person"]),
    ("Ada married Bo.", "Ada", "Bo", "spouse", ["person", "artist"]),
    ("Cy and Di married.", "Cy", "Di", "spouse", ["person", "artist"]),
    ("王明和北京。", "王明", "北京", "home", ["person"]),
    ("Rome was sold by Eva.", "Eva", "Rome", "seller", ["person", "trader"]),
)
# Two Springfields and two Lanes; the third Springfield of the texts is in none of the facts.
FACTS = (
    ("springfield_il", "in", "Illinois"),
    ("springfield_il", "on", "Sangamon"),
    ("springfield_ma", "in", "Massachusetts"),
    ("lane_singer", "sings", "Opera"),
    ("lane_singer", "sings", "Fado"),
    ("lane_smith", "forges", "Iron"),
    ("上海", "in", "中国"),
)
NAMED = (
    ("Springfield lies in Illinois.", "Springfield", "springfield_il"),
    ("In Massachusetts, Springfield is old.", "Springfield", "springfield_ma"),
    ("Lane sings Opera and Fado.", "Lane", "lane_singer"),
    ("Iron is what Lane forges.", "Lane", "lane_smith"),
    ("On the moon lies a Springfield of cheese.", "Springfield", None),
    ("Lane is a narrow street.", "Lane", None),
    ("上海在中国。", "上海", "上海"),
    ("Cheese is from Parma.", "Parma", None),
)
ASKED = (
    ("What is cold?", ["ice", "fire"], "ice"),
    ("What is hot?", ["ice", "fire", "snow"], "fire"),
    ("[MASK] is cold.", ["Snow", "Fire"], "Snow"),
    ("北家什么好？", ["大", "小"], "大"),
    ("Who sings?", ["a stone", "Ada", "the road", "a wall"], "Ada"),
    ("What burns?", ["the river", "wood"], "wood"),
)


@dataclass(frozen=True)
class Framed:
    """A task as the contract sees it.

    Attributes:
        make: the task on a frame.
        frame: its rows, several kinds of answers among them.
        given: the kind of a given answer.
        options: of the task.
        more: the columns of predictions beside given and probability.
        wrong: what cannot be right.
    """

    make: Callable[..., FrameTask]
    frame: pd.DataFrame
    given: type | tuple[type, ...]
    options: dict[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    wrong: object = None


def _moods() -> pd.DataFrame:
    rows = [(text, mood) for mood, texts in (("good", GOOD), ("bad", BAD)) for text in texts]
    return pd.DataFrame(rows, columns=["text", "label"], index=[f"row {i}" for i in range(len(rows))])


def _tagged() -> pd.DataFrame:
    pairs = [[word.rsplit("/", 1) for word in line.split()] for line in TAGGED]
    return pd.DataFrame(
        {"tokens": [[a for a, _ in row] for row in pairs], "tags": [[b for _, b in row] for row in pairs]}
    )


def _stated() -> pd.DataFrame:
    def place(text: str, name: str) -> tuple[int, int]:
        return text.index(name), text.index(name) + len(name)

    rows = [(text, place(text, head), place(text, tail), label) for text, head, tail, label, _ in STATED]
    return pd.DataFrame(rows, columns=["text", "head", "tail", "label"])


def _typed() -> pd.DataFrame:
    frame = _stated().rename(columns={"head": "span"}).drop(columns=["tail", "label"])
    places = [
        (text, (text.index(tail), text.index(tail) + len(tail)), ["place"])
        for text, _, tail, label, _ in STATED
        if label == "home"
    ]
    return pd.concat(
        [frame.assign(types=[row[4] for row in STATED]), pd.DataFrame(places, columns=["text", "span", "types"])],
        ignore_index=True,
    )


def _asked() -> pd.DataFrame:
    return pd.DataFrame(list(ASKED), columns=["text", "choices", "label"])


def make_homonyms() -> kgwb.KnowledgeGraph:
    """The graph of the names that several bear."""
    labels = {"springfield_il": "Springfield", "springfield_ma": "Springfield", "lane_singer": "Ada Lane"}
    labels["lane_smith"] = "Lane"
    entities = pd.DataFrame({"entity": list(labels), "label": list(labels.values())})
    entities["aliases"] = [(), (), ("Lane",), ()]
    frame = pd.DataFrame(list(FACTS), columns=["head", "relation", "tail"])
    return kgwb.KnowledgeGraph.from_pandas(frame, entities, name="homonyms")


def _named() -> pd.DataFrame:
    rows = [(text, (text.index(name), text.index(name) + len(name)), entity) for text, name, entity in NAMED]
    return pd.DataFrame(rows, columns=["text", "span", "entity"]).astype({"entity": object})


WORDS = {"good": "great", "bad": "terrible"}
FRAMED = {
    "TextClasses": Framed(TextClasses, _moods(), str),
    "TextClasses, numbers": Framed(
        TextClasses, _moods().replace({"label": {"good": 1, "bad": 0}}).astype({"label": int}), int
    ),
    "ClozeClasses": Framed(ClozeClasses, _moods(), str, {"words": WORDS}),
    "ClozeClasses, several pieces": Framed(
        ClozeClasses,
        _moods(),
        str,
        {"pattern": "[MASK]：{text}", "words": {"good": "wonderfully fine", "bad": "unbearable"}},
    ),
    "EntityTags": Framed(EntityTags, _tagged(), list),
    "RelationClasses": Framed(RelationClasses, _stated(), str),
    "EntityTypes": Framed(EntityTypes, _typed(), list),
    "MultipleChoice": Framed(MultipleChoice, _asked(), str),
    "EntityLinks": Framed(
        EntityLinks, _named(), (str, type(None)), {"graph": make_homonyms()}, more=("candidates",), wrong=1.5
    ),
}
MOODS = FRAMED["TextClasses"].frame
TAGGED = FRAMED["EntityTags"].frame
STATED = FRAMED["RelationClasses"].frame
TYPED = FRAMED["EntityTypes"].frame


def change(frame: pd.DataFrame, column: str, value: object, row: int = 1) -> pd.DataFrame:
    """The frame with another value in one of its cells."""
    cells = frame[column].tolist()
    cells[row] = value
    return frame.assign(**{column: pd.Series(cells, index=frame.index, dtype=object)})


def tune(bert: Bert, task: object, epochs: int = 1) -> None:
    for _ in kgwb.tune(bert, task, epochs=epochs, batch=8, policy="full", precision="float32"):
        pass
