"""Albums: keys, filling in, compilations."""

from regie_music_tracker.albums import Album, AlbumShelf, album_of, is_compilation


def test_a_guest_makes_no_second_album() -> None:
    one = album_of("Record", "Queen", "Queen")
    other = album_of("record", "", "Queen")
    assert one
    assert other
    assert one.key == other.key


def test_albums_of_one_title_by_two_artists_are_two() -> None:
    assert Album("Greatest Hits", "Queen").key != Album("Greatest Hits", "ABBA").key
    assert Album("Hits", "Various").key == Album("hits", "Various Artists").key


def test_unknown_album_is_none() -> None:
    assert album_of("Unknown Album", "", "A") is None
    assert album_of(" ", "", "A") is None


def test_a_listen_without_album_takes_the_only_one_known() -> None:
    shelf, hits, single = AlbumShelf(), Album("Hits", "A"), Album("Single", "A")
    assert shelf.only("t") is None
    shelf.learn("t", hits)
    shelf.learn("t", Album("HITS", "a"))
    shelf.learn("t", hits)
    assert shelf.only("t") == hits
    assert shelf.fill("t", None) == hits
    assert shelf.fill("t", single) == single
    shelf.learn("t", single)
    assert shelf.only("t") is None
    shelf.forget("t", single)
    assert shelf.only("t") == hits


def test_compilations() -> None:
    assert is_compilation("Various Artists", ["A"])
    assert is_compilation("", ["A", "B", "C"])
    assert not is_compilation("A", ["A", "B", "a"])
