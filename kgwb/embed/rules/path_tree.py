"""Paths that begin alike, kept once: a prefix tree, so that a walk along many paths shares its first steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PathTree:
    """A prefix tree; nodes stand level by level, and the children of a node one after another.

    Attributes:
        step: the step that leads to each node, -1 for roots, int64 [node].
        depth: how many steps lead to each node, int64 [node].
        begin: the children of node n are begin[n] to begin[n] + count[n], int64 [node].
        count: how many children each node has, int64 [node].
        wanted: at which nodes one of the paths ends, bool [node].
    """

    step: np.ndarray
    depth: np.ndarray
    begin: np.ndarray
    count: np.ndarray
    wanted: np.ndarray

    def __len__(self) -> int:
        return len(self.step)


def plant_tree(roots: np.ndarray, paths: np.ndarray, *, count: int) -> tuple[PathTree, np.ndarray]:
    """The tree of some paths, and the node at which each of them ends.

    Args:
        roots: where each path begins, below `count`, [path].
        paths: the steps of each path, -1 after its end, [path, step].
        count: how many roots there are.

    Example:
        >>> tree, ends = plant_tree(np.array([0, 0]), np.array([[4, -1], [4, 2]]), count=1)
        >>> tree.step, ends
        (array([-1,  4,  2]), array([1, 2]))
    """
    steps, parents, levels = [np.full(count, -1)], [np.full(count, -1)], [count]
    at, total = roots.astype(np.int64), count  # the node that each path has come to
    for column in range(paths.shape[1]):
        here = np.flatnonzero(paths[:, column] >= 0)
        width = int(paths.max(initial=0)) + 1
        keys, place = np.unique(at[here] * width + paths[here, column], return_inverse=True)
        at[here] = total + place
        parents.append(keys // width)
        steps.append(keys % width)
        levels.append(len(keys))
        total += len(keys)
    parent = np.concatenate(parents)
    nodes = np.arange(total)
    begin = np.searchsorted(parent, nodes)
    wanted = np.zeros(total, dtype=bool)
    wanted[at] = True
    depth = np.repeat(np.arange(len(levels)), levels)
    children = np.searchsorted(parent, nodes, side="right") - begin
    return PathTree(np.concatenate(steps), depth, begin, children, wanted), at


def turn_paths(paths: np.ndarray, relations: int) -> np.ndarray:
    """The same paths walked from their ends.

    Example:
        >>> turn_paths(np.array([[0, 3, -1]]), 2)
        array([[ 1,  2, -1]])
    """
    length = (paths >= 0).sum(1)[:, None]
    place = length - 1 - np.arange(paths.shape[1])
    turned = (np.take_along_axis(paths, np.maximum(place, 0), 1) + relations) % (2 * relations)
    return np.where(place >= 0, turned, -1)
