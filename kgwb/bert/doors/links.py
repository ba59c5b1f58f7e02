"""Which word pieces of a batch belong to entities that the graph links."""

from __future__ import annotations

from dataclasses import dataclass

from kgwb.axes import Int, Tensor


@dataclass(frozen=True, eq=False)
class LinkedPieces:
    """Linked pairs of pieces, few among all pairs, and their groups, so that nothing is computed twice.

    A group holds the pairs of one query that are linked to it in the same way; an asker is a query that has any.

    Attributes:
        sentences: of each pair.
        queries: the piece that looks.
        keys: the piece that is looked at.
        groups: the group of each pair.
        kinds: the relation and direction of each group, as row of `present`.
        askers: the asker of each group.
        asker_sentences: of each asker.
        asker_pieces: which piece it is.
        present: the relations and directions that the batch holds.
    """

    sentences: Int[Tensor, " pair"]
    queries: Int[Tensor, " pair"]
    keys: Int[Tensor, " pair"]
    groups: Int[Tensor, " pair"]
    kinds: Int[Tensor, " group"]
    askers: Int[Tensor, " group"]
    asker_sentences: Int[Tensor, " asker"]
    asker_pieces: Int[Tensor, " asker"]
    present: Int[Tensor, " kind"]

    def __len__(self) -> int:
        return len(self.sentences)


def gather_links(pairs: Int[Tensor, "pair 3"], kinds: Int[Tensor, " pair"], length: int) -> LinkedPieces:
    """Sort linked pairs of pieces.

    Args:
        pairs: sentence, query and key.
        kinds: the relation and direction from query to key.
        length: word pieces per sentence.
    """
    present, which = kinds.unique(return_inverse=True)
    sentences, queries, keys = pairs.unbind(1)
    count = max(1, len(present))
    found, groups = ((sentences * length + queries) * count + which).unique(return_inverse=True)
    places, askers = (found // count).unique(return_inverse=True)
    return LinkedPieces(
        sentences, queries, keys, groups, found % count, askers, places // length, places % length, present
    )
