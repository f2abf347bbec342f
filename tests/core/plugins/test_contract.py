import subprocess
import sys
from pathlib import Path

from regie import api

ROOT = Path(__file__).parents[3]

# Plugins stand on this: a name may be added, and goes only with a new major version.
SURFACE = """
AuthFailed AutomationParts BinarySensor Button ConfigEntry ConfigError ConfigFlow DeviceInfo Entity Event EventContext
Extension FlowResult Integration InvalidData Job LiveStore Manifest MediaPlayer NotFound NotReady Panel PluginContext
RegieError Route Secret Sensor ServiceCall ServiceError Slot State Storage StorageFull Unauthorized callback hookimpl selector
"""


def test_the_surface_for_plugins_is_pinned() -> None:
    assert sorted(api.__all__) == sorted(SURFACE.split())
    assert all(hasattr(api, name) for name in api.__all__)


def test_the_contract_on_paper_is_the_one_in_the_code() -> None:
    done = subprocess.run([sys.executable, ROOT / "script" / "contract.py", "--check"], check=False)
    assert done.returncode == 0, "entry_points.md is out of date: run script/contract.py"
