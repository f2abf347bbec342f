import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_fetcher.budget import Budget, Meter, Pace, RateLimit
from regie_fetcher.errors import OverBudget, SourceRefused, Throttled, TransferFailed
from regie_fetcher.retry import MAX_RETRY_AFTER_S, retry_after_s, with_retries
from regie_fetcher.sniff import is_page

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("999999", MAX_RETRY_AFTER_S),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tue, 14 Nov 2022 22:14:20 GMT", 0),
        ("Tue, 14 Nov 2099 22:14:20 GMT", MAX_RETRY_AFTER_S),
        ("", 30),
        ("soon", 30),
        ("-5", 30),
        ("²", 30),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_capped(header: str, seconds: float) -> None:
    assert retry_after_s(header, now=NOW) == seconds


@given(st.text(max_size=60))
def test_any_retry_after_gives_a_bounded_wait(header: str) -> None:
    assert 0 <= retry_after_s(header, now=NOW) <= MAX_RETRY_AFTER_S


async def test_pauses_double_and_attempts_end() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def fail() -> None:
        raise TransferFailed("again")

    with pytest.raises(TransferFailed):
        await with_retries(fail, sleep=sleep)
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("error", [Throttled("wait", 3), SourceRefused("no")])
async def test_what_a_retry_cannot_mend_passes_at_once(error: Exception) -> None:
    async def sleep(_: float) -> None:
        raise AssertionError("no pause is due")

    async def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        await with_retries(fail, sleep=sleep)


async def test_a_rate_limit_lets_a_burst_pass_and_then_holds_the_rate() -> None:
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    rate = RateLimit(1000, clock=lambda: now, sleep=sleep)
    await rate.take(1000)
    assert now == 0.0
    for _ in range(10):
        await rate.take(500)
    assert now == pytest.approx(5.0)
    with pytest.raises(ValueError, match="above zero"):
        RateLimit(0)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30))
def test_a_meter_never_lets_more_through_than_the_budget(chunks: list[int]) -> None:
    meter = Meter(Budget(max_bytes=20_000, max_file_bytes=20_000))
    try:
        for chunk in chunks:
            meter.received(chunk)
            meter.decoded(chunk)
    except OverBudget:
        assert sum(chunks) > 20_000
    else:
        assert sum(chunks) <= 20_000


def test_a_steady_pace_passes_and_a_dribble_does_not() -> None:
    now = 0.0
    pace = Pace(Budget(), clock=lambda: now)
    for _ in range(600):
        now += 1.0
        pace.received(200)
    for _ in range(59):
        now += 1.0
        pace.received(1)
    now += 1.0
    with pytest.raises(OverBudget, match="only"):
        pace.received(1)


@pytest.mark.parametrize(
    ("head", "content_type", "expected"),
    [
        (b"<html>", "video/mp4", True),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", "application/octet-stream", True),
        ("é".encode() * 2048, "video/mp4", True),
        (("é".encode() * 2048)[:4095], "video/mp4", True),
        (b"\xff\xfe<\0h\0", "", True),
        (b"\x1f\x8b\x08random\x00\x01", "text/html", True),
        (b"\x1f\x8b\x08random\x00\x01", "application/gzip", False),
        (b"\0\0\0\x18ftypmp42", "text/html", False),
        (b"\x1a\x45\xdf\xa3....", "text/html", False),
        (b"ID3\x04", "text/plain", False),
        (b"\xff\xfb\x90\x44", "text/plain", False),
        (b"\x47" + b"\0" * 187 + b"\x47", "text/plain", False),
        (b"", "video/mp4", False),
        (b"\0\1\2\3", "video/mp4", False),
    ],
)
def test_pages_and_media_are_told_apart_by_their_bytes(head: bytes, content_type: str, *, expected: bool) -> None:
    assert is_page(head, content_type) is expected
