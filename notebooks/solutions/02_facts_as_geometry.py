"""One answer to each exercise of notebook 02."""

import cmath

import torch

import kgwb


# %% exercise-1
def score_translation(head: list[float], relation: list[float], tail: list[float]) -> float:
    return -(sum((h + r - t) ** 2 for h, r, t in zip(head, relation, tail, strict=True)) ** 0.5)


# %% exercise-2
def score_rotation(head: complex, angle: float, tail: complex) -> float:
    return -abs(head * cmath.exp(1j * angle) - tail)


# %% exercise-3
class OneWay(kgwb.embed.Scorer):
    """score = Σ relation · (a d − b c), with head = (a, b) and tail = (c, d)."""

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        a, b = head.chunk(2, -1)
        return torch.cat([-b * relation, a * relation], -1)

    def query_head(self, relation: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        c, d = tail.chunk(2, -1)
        return torch.cat([d * relation, -c * relation], -1)

    def relation_width(self, dim: int) -> int:
        return dim // 2
