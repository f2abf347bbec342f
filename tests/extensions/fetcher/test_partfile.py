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
