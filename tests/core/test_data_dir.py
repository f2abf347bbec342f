from pathlib import Path

import pytest

from regie.data_dir import RUNNING, DataDir
from regie.errors import NotReady


def test_a_hub_that_has_not_come_up_yet_cannot_be_asked(tmp_path: Path) -> None:
    hub = DataDir(tmp_path)
    hub.lock()
    with pytest.raises(NotReady, match="starting"):
        DataDir(tmp_path).running()
    hub.publish("http://127.0.0.1:1")
    running = DataDir(tmp_path).running()
    assert running is not None
    assert (running.url, running.token) == ("http://127.0.0.1:1", hub.control_token)
    hub.unlock()
    assert DataDir(tmp_path).running() is None


def test_a_command_in_between_does_not_hide_that_the_hub_was_killed(tmp_path: Path) -> None:
    (tmp_path / RUNNING).write_text("{}")
    command = DataDir(tmp_path)
    command.lock()
    command.unlock()
    hub = DataDir(tmp_path)
    hub.lock()
    assert hub.was_unclean
    hub.publish("http://127.0.0.1:1")
    hub.unlock()
    assert not (tmp_path / RUNNING).exists()
