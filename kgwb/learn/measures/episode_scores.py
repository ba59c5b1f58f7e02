"""How well a model tells labels apart that it is given a few examples of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_number
from kgwb.learn.few_shot.adaptation import adapt_to_episode
from kgwb.learn.few_shot.episodes import Episodes, PreparedEpisodes
from kgwb.learn.few_shot.prototypes import place_prototypes, score_states
from kgwb.learn.frames.states import BATCH
from kgwb.learn.policies.parts import find_parts
from kgwb.words import count_things

_CALL = "kgwb.learn.score_episodes(model, kgwb.learn.Episodes(kgwb.learn.TextClasses(frame), 5))"


@dataclass(frozen=True, eq=False, repr=False)
class EpisodeScore:
    """How well queries are answered.

    Attributes:
        accuracy: the share of right answers, averaged over episodes.
        interval: of 95 % for that mean, ± 1.96 standard deviations of an episode's accuracy / √episodes: what drawing these
            episodes and no others leaves open, not what other labels or another training would give.
        frame: a row per episode: `labels`, and `accuracy` of its queries.
        shots: rows of each label that were learnt from.
    """

    accuracy: float
    interval: tuple[float, float]
    frame: pd.DataFrame
    shots: int

    @property
    def chance(self) -> float:
        """The accuracy of guessing."""
        return 1 / len(self.frame["labels"].iloc[0])

    def __repr__(self) -> str:
        ways = len(self.frame["labels"].iloc[0])
        return (
            f"{count_things(len(self.frame), 'episode')}, {ways} ways, {count_things(self.shots, 'shot')}: accuracy "
            f"{self.accuracy:.3f} (95 %: {self.interval[0]:.3f} to {self.interval[1]:.3f}; chance {self.chance:.3f})"
        )


def score_episodes(
    model: Bert,
    episodes: Episodes,
    *,
    adapt_steps: int = 0,
    adapt_rate: float = 0.01,
    parts: Sequence[str] = ("injector", "head", "top"),
    top_layers: int = 2,
    batch: int = BATCH,
) -> EpisodeScore:
    """How well a model answers the queries of episodes from their supports.

    By the nearest prototype, or after so many steps of gradient descent on the supports of each episode, which begin there. The
    model stays as it is.

    Args:
        model: tuned on episodes of other labels, or not at all.
        episodes: whose labels were not tuned on.
        adapt_steps: of gradient descent on the supports; 0 for the prototypes.
        adapt_rate: of each step.
        parts: what adapts, as `Partial` takes them.
        top_layers: how many layers "top" has.
        batch: texts at a time.

    Raises:
        TypeError: for what is no model, or no episodes.
        ValueError: for a number that cannot be, or an unknown part.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import TextClasses
        >>> texts = ["It rains.", "It rains again.", "We won the match.", "They lost the match."]
        >>> frame = pd.DataFrame({"text": texts, "label": ["weather", "weather", "sport", "sport"]})
        >>> score_episodes(load_bert(), Episodes(TextClasses(frame), 2, queries=1, count=8))
        8 episodes, 2 ways, 1 shot: accuracy 1.000 (95 %: 1.000 to 1.000; chance 0.500)
    """
    expect_kind(model, Bert, "A BERT", call=_CALL)
    expect_kind(episodes, Episodes, "A set of episodes", call=_CALL)
    expect_at_least("adapt_steps", adapt_steps, 0, whole=True)
    expect_number("adapt_rate", adapt_rate, usual=0.01, above=0)
    expect_at_least("batch", batch, 1, whole=True)
    named = expect_each(parts, str, "The name of a part", call=f"{_CALL[:-1]}, parts=['top'])")
    expect_at_least("top_layers", top_layers, 0, whole=True)
    trained = find_parts(model, named, top_layers=top_layers)
    prepared, bert = episodes.prepare(model), model.in_mode(training=False)
    if not adapt_steps:
        return summarise_episodes(prepared, _answer_by_prototypes(prepared, bert, int(batch)))
    given = []
    for row in range(len(prepared)):
        with torch.enable_grad():
            adapted = adapt_to_episode(bert, prepared, row, trained=trained, steps=int(adapt_steps), rate=adapt_rate)
        with torch.no_grad():
            given.append(adapted.score(prepared, prepared.queries[row]).argmax(-1).cpu())
    return summarise_episodes(prepared, torch.stack(given))


@torch.no_grad()
def _answer_by_prototypes(episodes: PreparedEpisodes, bert: Bert, batch: int) -> Int[Tensor, "episode way query"]:
    """The label of the nearest prototype; every text is read once, however many episodes hold it."""
    distinct, places = torch.cat([episodes.supports, episodes.queries], dim=2).unique(return_inverse=True)
    states = episodes.look(bert, distinct, batch=batch)  # [text, width]
    return answer_by_states(states, places, shots=episodes.supports.shape[2])


def answer_by_states(
    states: Float[Tensor, "text width"], rows: Int[Tensor, "episode way example"], *, shots: int
) -> Int[Tensor, "episode way query"]:
    """The place of the nearest prototype for each query, whatever the states are of.

    Args:
        states: of each text.
        rows: of each label of each episode, supports before queries.
        shots: how many are supports.
    """
    given = []
    for chosen in rows:  # an episode at a time: all at once would not fit into memory
        found = states[chosen.to(states.device)]  # [way, text, width]
        given.append(score_states(found[:, shots:], *place_prototypes(found[:, :shots], 1.0)).argmax(-1).cpu())
    return torch.stack(given)


def summarise_episodes(episodes: PreparedEpisodes, given: Int[Tensor, "episode way query"]) -> EpisodeScore:
    """The score of the answers, each the place of a label in its episode."""
    right = given == torch.arange(given.shape[1])[:, None]
    each = right.double().mean((1, 2))  # [episode]
    mean = float(each.mean())
    spread = 1.96 * float(each.std()) / math.sqrt(len(each)) if len(each) > 1 else math.nan
    frame = pd.DataFrame({"labels": list(episodes.labels), "accuracy": each.tolist()})
    return EpisodeScore(mean, (mean - spread, mean + spread), frame, episodes.supports.shape[2])
