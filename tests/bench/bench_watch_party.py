"""Watch party: our sync against Syncplay's, Jellyfin's and simple thresholds, in a simulated world."""

import sys
from pathlib import Path


def main() -> int:
    """Find the simulator beside this file, and run it."""
    sys.path.insert(0, str(Path(__file__).parent / "watch_party"))
    from watch_party_sim.report import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
