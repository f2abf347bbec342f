import json
import subprocess
import sys
from pathlib import Path


def test_killed_at_any_step_nothing_is_lost_doubled_or_orphaned() -> None:
    program = Path(__file__).parent / "store_killer.py"
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=55)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert min(steps.values()) >= 5
    assert sum(steps.values()) >= 50
