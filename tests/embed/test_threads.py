"""torch's number of threads is the user's: whatever kgwb does with it, each thread gets its own back."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
import torch

from kgwb.embed import DistMult, GraphEmbedding, rank_triples, train_embedding
from kgwb.embed.precision import SMALL, limit_threads
from kgwb.graph import KnowledgeGraph, Split


@pytest.fixture
def three() -> Iterator[None]:
    """A process that works on three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def ask_elsewhere(found: list[int]) -> None:
    thread = Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()


@pytest.mark.usefixtures("three")
def test_one_thread_is_for_whoever_asked() -> None:
    within: list[int] = []
    with limit_threads(1000):
        assert torch.get_num_threads() == 1
        ask_elsewhere(within)
        with limit_threads(1000):
            pass
        assert torch.get_num_threads() == 1
    ask_elsewhere(within)
    assert (torch.get_num_threads(), within) == (3, [3, 3])
    with limit_threads(SMALL):
        assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("first", ["the first", "the second"])
def test_two_blocks_that_overlap(first: str) -> None:
    """A enters, B enters, then either leaves before the other."""
    both_in, one_out, found = Barrier(2), Barrier(2), {}

    def work(name: str) -> None:
        if name == "the second":
            both_in.wait()
        with limit_threads(1000):
            if name == "the first":
                both_in.wait()
            both_in.wait()
            if name != first:
                one_out.wait()
        if name == first:
            one_out.wait()
        found[name] = torch.get_num_threads()

    workers = [Thread(target=work, args=(name,)) for name in ("the first", "the second")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    after: list[int] = []
    ask_elsewhere(after)
    assert (found, after, torch.get_num_threads()) == ({"the first": 3, "the second": 3}, [3], 3)


@pytest.mark.usefixtures("three")
def test_a_number_that_the_user_sets_meanwhile_stays() -> None:
    after: list[int] = []
    with limit_threads(1000):
        other = Thread(target=torch.set_num_threads, args=(2,))
        other.start()
        other.join()
    ask_elsewhere(after)
    assert after == [2]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("problem", [KeyboardInterrupt, ValueError])
def test_training_and_ranking_give_it_back_however_they_end(
    problem: type[BaseException], graph: KnowledgeGraph, split: Split
) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)

    class Stops:
        """Negatives and a scorer that stop in the middle."""

        graph = split.graph

        def draw(self, *given: object) -> torch.Tensor:
            raise problem

        def score_answers(self, *given: object, tails: int) -> torch.Tensor:
            raise problem

    running = train_embedding(embedding, split)
    next(running)
    assert torch.get_num_threads() == 3  # left half-way
    del running
    for call in (
        lambda: next(train_embedding(embedding, split, negatives=Stops())),
        lambda: rank_triples(Stops(), split.test, known=None),
    ):
        with pytest.raises(problem):
            call()
        assert torch.get_num_threads() == 3
