import hashlib
from pathlib import Path

from regie_fetcher.partfile import PartFile, Validator

URL = "http://ann:hunter2@127.0.0.1/film.mp4"


async def test_a_part_is_resumed_by_its_address_which_is_not_written_down(tmp_path: Path) -> None:
    part = PartFile(tmp_path)
    validator = Validator(url=URL, etag='"abc"', last_modified="", length=10)
    await part.begin(validator, resume=False)
    await part.write(b"half")
    await part.flush()
    part.close()
    assert PartFile(tmp_path).held(URL) == validator
    assert PartFile(tmp_path).held(URL.replace("film", "other")) is None
    assert all(b"hunter2" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


async def test_a_small_file_replaces_what_an_earlier_attempt_left(tmp_path: Path) -> None:
    first = PartFile(tmp_path)
    await first.begin(Validator(url=URL, etag='"abc"', length=10), resume=False)
    await first.write(b"half")
    await first.flush()
    first.close()
    second = PartFile(tmp_path)
    await second.begin(Validator(url=URL, etag='"def"', length=3), resume=False)
    await second.write(b"new")
    assert await second.finish() == hashlib.sha256(b"new").hexdigest()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"source": b"new"}
