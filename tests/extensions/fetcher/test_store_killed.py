import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("scenario", "fewest_steps"),
    [
        ("add", 15),
        ("add a twin", 14),
        ("add after delete", 15),
        ("delete the last", 10),
        ("delete one of two", 5),
        ("reconcile", 20),
    ],
)
def test_killed_at_any_step_nothing_is_lost_doubled_or_orphaned(scenario: str, fewest_steps: int) -> None:
    program = Path(__file__).parent / "store_killer.py"
    done = subprocess.run([sys.executable, program, scenario], capture_output=True, text=True, check=False, timeout=55)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= fewest_steps
