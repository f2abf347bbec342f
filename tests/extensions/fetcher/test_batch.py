"""Entries that wait share a turn; errors and cancellations stay with whoever they befell."""

import asyncio
from collections.abc import Sequence

import pytest

from regie_fetcher.batch import Batch


class Doubler:
    """Doubles numbers, a batch at a time, each when told to go on; a negative one breaks the batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await asyncio.sleep(0)
        await self.gate.wait()
        if min(numbers) < 0:
            raise ValueError(f"{min(numbers)} is negative")
        return [2 * number for number in numbers]


@pytest.fixture
async def doubler() -> Doubler:
    return Doubler()


async def running(batch: Batch[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batch.add(number)) for number in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_one_alone_is_served_at_once(doubler: Doubler) -> None:
    assert await Batch(doubler.serve).add(4) == 8
    assert doubler.batches == [[4]]


async def test_those_who_come_meanwhile_go_together(doubler: Doubler) -> None:
    batch = Batch(doubler.serve)
    doubler.gate.clear()
    first = await running(batch, 1)
    others = await running(batch, 2, 3, 4)
    doubler.gate.set()
    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8]
    assert doubler.batches == [[1], [2, 3, 4]]


async def test_many_at_once_each_get_their_own(doubler: Doubler) -> None:
    batch = Batch(doubler.serve)
    assert await asyncio.gather(*map(batch.add, range(500))) == [2 * number for number in range(500)]
    assert len(doubler.batches) < 5


async def test_an_error_is_its_cause_s_and_the_others_are_served(doubler: Doubler) -> None:
    batch = Batch(doubler.serve)
    doubler.gate.clear()
    first = await running(batch, 1)
    others = await running(batch, 3, -2, 4)
    doubler.gate.set()
    results = await asyncio.gather(*first, *others, return_exceptions=True)
    assert [*results[:2], results[3]] == [2, 6, 8]
    assert isinstance(results[2], ValueError)
    assert doubler.batches == [[1], [3, -2, 4], [3], [-2], [4]]


async def test_who_is_cancelled_while_waiting_is_not_served(doubler: Doubler) -> None:
    batch = Batch(doubler.serve)
    doubler.gate.clear()
    first = await running(batch, 1)
    others = await running(batch, 2, 3)
    others[0].cancel()
    await asyncio.gather(others[0], return_exceptions=True)
    doubler.gate.set()
    assert await asyncio.gather(*first, others[1]) == [2, 6]
    assert doubler.batches == [[1], [3]]


async def test_who_serves_may_be_cancelled_without_harm_to_the_others(doubler: Doubler) -> None:
    batch = Batch(doubler.serve)
    doubler.gate.clear()
    first = await running(batch, 1)
    others = await running(batch, 2, 3)
    first[0].cancel()
    await asyncio.gather(first[0], return_exceptions=True)
    doubler.gate.set()
    assert await asyncio.gather(*others) == [4, 6]
    assert doubler.batches == [[1], [2, 3]]
    assert await batch.add(5) == 10
