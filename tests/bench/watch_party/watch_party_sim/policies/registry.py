"""The policies by name."""

from watch_party_sim.policies import jellyfin
from watch_party_sim.policies.ours import ours
from watch_party_sim.policies.syncplay import syncplay
from watch_party_sim.policies.thresholds import thresholds
from watch_party_sim.run import Policy

POLICIES: dict[str, Policy] = {
    "syncplay": syncplay,
    "jellyfin": jellyfin.policy(corrects=False),
    "jellyfin+": jellyfin.policy(corrects=True),
    "thresholds": thresholds,
    "ours": ours,
}
