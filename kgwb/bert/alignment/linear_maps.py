"""Linear maps from one space into another, fitted on pairs of vectors."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import torch
from torch.nn import functional

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_at_least, expect_number
from kgwb.environment import draw_from

# In units of the inputs' variance summed over pairs and averaged over axes: from no penalty to nothing but the mean.
_PENALTIES = tuple(10.0 ** (half / 2) for half in range(-12, 9))


@dataclass(frozen=True, eq=False)
class LinearMap:
    """y = (x − centre) W + offset, in float64.

    Attributes:
        centre: mean of the inputs it was fitted on [dim].
        weight: W [dim, width].
        offset: mean of the targets it was fitted on [width].
        ridge: the penalty λ of a ridge fit, in squared units of the inputs; NaN for other fits.
        r2: R² over the pairs it was fitted on, each predicted by the map fitted without it; NaN but for a ridge fit.
    """

    centre: Float[Tensor, " dim"]
    weight: Float[Tensor, "dim width"]
    offset: Float[Tensor, " width"]
    ridge: float = nan
    r2: float = nan

    def __call__(self, vectors: Float[Tensor, "*entity dim"]) -> Float[Tensor, "*entity width"]:
        """The vectors on the other side, float64 on the CPU."""
        return (vectors.double().cpu() - self.centre) @ self.weight + self.offset


def fit_ridge(
    inputs: Float[Tensor, "pair dim"], targets: Float[Tensor, "pair width"], *, ridge: float | int | None = None
) -> LinearMap:
    """The least-squares map with a penalty on its size.

    min over W of ‖Y − X W‖² + λ‖W‖² over centred pairs (Hoerl & Kennard, 1970). Where λ is not given it is the one of
    21 with the least squared error over the pairs, each predicted by the map fitted without it, which needs
    no second fit: the residual divided by 1 − h_ii, for the diagonal of the hat matrix (Allen's PRESS, 1974).

    Args:
        inputs: one row per pair.
        targets: one row per pair.
        ridge: λ, as `alpha` of scikit-learn's `Ridge`.

    Example:
        >>> inputs = torch.eye(3)
        >>> round(fit_ridge(inputs, 2 * inputs, ridge=1).weight[0, 0].item(), 2)
        0.67
    """
    if ridge is not None:
        expect_at_least("ridge", ridge, 0)
    centre, offset = inputs.double().mean(0), targets.double().mean(0)
    centred, centred_targets = inputs.double() - centre, targets.double() - offset
    left, sizes, right = torch.linalg.svd(centred, full_matrices=False)  # X = U S Vᵀ
    unit = max(float(sizes.square().sum()) / inputs.shape[1], torch.finfo(torch.float64).tiny)
    projected = left.T @ centred_targets  # [axis, width]
    candidates = [float(ridge)] if ridge is not None else [penalty * unit for penalty in _PENALTIES]
    errors = [_left_out_error(left, _shrink(sizes, penalty), projected, centred_targets) for penalty in candidates]
    best = min(range(len(errors)), key=errors.__getitem__)
    keep = _shrink(sizes, candidates[best]) / sizes.clamp_min(torch.finfo(torch.float64).tiny)
    r2 = 1 - errors[best] / max(float(centred_targets.square().sum()), torch.finfo(torch.float64).tiny)
    return LinearMap(centre, right.T @ (keep[:, None] * projected), offset, candidates[best], r2)


def _shrink(sizes: Float[Tensor, " axis"], ridge: float) -> Float[Tensor, " axis"]:
    """How much of each axis a penalty leaves: s² / (s² + λ), and nothing of an axis without any spread."""
    squares = sizes.square()
    return torch.where(sizes > _rounding(sizes), squares / (squares + ridge), torch.zeros_like(sizes))


def _rounding(sizes: Float[Tensor, " axis"]) -> float:
    """Singular values up to this are zero but for rounding."""
    return torch.finfo(torch.float64).eps * len(sizes) * float(sizes.max())


def _left_out_error(
    left: Float[Tensor, "pair axis"],
    shrink: Float[Tensor, " axis"],
    projected: Float[Tensor, "axis width"],
    centred_targets: Float[Tensor, "pair width"],
) -> float:
    leverage = 1 / len(left) + left.square() @ shrink  # the first part is the mean's
    residuals = centred_targets - left @ (shrink[:, None] * projected)
    # A pair that its own prediction rests on wholly cannot be left out: its error counts as boundless.
    room = (1 - leverage).clamp_min(1e-9)
    return float((residuals / room[:, None]).square().sum())


def fit_procrustes(inputs: Float[Tensor, "pair dim"], targets: Float[Tensor, "pair width"]) -> LinearMap:
    """The rotation (with reflection, scale and shift) that brings the inputs nearest to the targets.

    W = c U Vᵀ with U S Vᵀ = XᵀY over centred pairs (Schönemann, 1966), c = ⟨X U Vᵀ, Y⟩ / ‖X U Vᵀ‖². Where the spaces
    differ in width, the narrower one is padded with zeros: the thin decomposition gives that solution
    without padding, U Vᵀ [dim, width], whose rows are orthonormal if dim ≤ width, and its columns otherwise.
    Directions that the pairs say nothing of (fewer pairs than axes) are mapped to nothing.

    Example:
        >>> inputs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
        >>> fit_procrustes(inputs, 3 * inputs.flip(1))(torch.tensor([2.0, 5.0])).round(decimals=6).tolist()
        [15.0, 6.0]
    """
    centre, offset = inputs.double().mean(0), targets.double().mean(0)
    centred, centred_targets = inputs.double() - centre, targets.double() - offset
    left, sizes, right = torch.linalg.svd(centred.T @ centred_targets, full_matrices=False)  # of [dim, width]
    # With fewer pairs than axes, some directions are in no pair: any rotation of them would be made up.
    known = sizes > _rounding(sizes)
    return _scale(LinearMap(centre, left[:, known] @ right[known], offset), inputs, targets)


def _scale(unscaled: LinearMap, inputs: Tensor, targets: Tensor) -> LinearMap:
    """The same map, as long as fits the targets best."""
    mapped, centred_targets = unscaled(inputs) - unscaled.offset, targets.double() - unscaled.offset
    scale = (mapped * centred_targets).sum() / mapped.square().sum().clamp_min(torch.finfo(torch.float64).tiny)
    return LinearMap(unscaled.centre, unscaled.weight * scale, unscaled.offset)


def fit_contrastive(
    inputs: Float[Tensor, "pair dim"],
    targets: Float[Tensor, "pair width"],
    *,
    steps: int = 50,
    learning_rate: float | int = 0.01,
    temperature: float | int = 0.1,
    batch: int = 1024,
    seed: int = 0,
) -> LinearMap:
    """The map that tells each pair's target from the other targets best, by gradient descent from the Procrustes map.

    loss = −log softmax over the targets y of a batch of cos(x W, y) / τ, over centred pairs (the contrastive loss of
    van den Oord et al., 2018). Cosine knows no length, so W is scaled in the end to fit the targets best.

    Args:
        inputs: one row per pair.
        targets: one row per pair; equal rows count as one target.
        steps: of Adam.
        learning_rate: of Adam; vectors have a mean length of 1 before W.
        temperature: τ.
        batch: pairs in each step, all where there are no more.
        seed: for the draw of the batches.
    """
    expect_at_least("steps", steps, 0, whole=True)
    expect_at_least("batch", batch, 1, whole=True)
    expect_number("learning_rate", learning_rate, usual=0.01, above=0)
    expect_number("temperature", temperature, usual=0.1, above=0)
    start = fit_procrustes(inputs, targets)
    centred = inputs.double() - start.centre
    centred = (centred / centred.norm(dim=1).mean().clamp_min(1e-12)).float()
    directions = functional.normalize(targets.double() - start.offset, dim=1).float()
    distinct, which = directions.unique(dim=0, return_inverse=True)  # [target, width], and the target of each pair
    generator = draw_from(seed, "alignment")
    with torch.enable_grad():
        weight = (start.weight / start.weight.norm(dim=1).mean().clamp_min(1e-12)).float().requires_grad_()
        optimizer = torch.optim.Adam([weight], lr=float(learning_rate))
        for _ in range(steps):
            rows = torch.randperm(len(centred), generator=generator)[:batch]
            seen, answers = which[rows].unique(return_inverse=True)
            cosines = functional.normalize(centred[rows] @ weight, dim=1) @ distinct[seen].T  # [pair, target]
            optimizer.zero_grad()
            functional.cross_entropy(cosines / temperature, answers).backward()
            optimizer.step()
    return _scale(LinearMap(start.centre, weight.detach().double(), start.offset), inputs, targets)
