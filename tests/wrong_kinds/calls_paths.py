"""Calls that work of path networks, as `calls.py` has them for all others."""

from __future__ import annotations

NETWORK = "kgwb.embed.PathNetwork(split, dim=4, layers=1)"
CALLS = {
    "kgwb.embed.PathNetwork": "split, dim=4, layers=1",
    "PathNetwork.on": "graph",
    "PathNetwork.save": "'network'",
    "kgwb.embed.load_path_network": f"{NETWORK}.save('kept network')",
    "kgwb.embed.train_path_network": f"{NETWORK}, split, epochs=1",
    "kgwb.embed.explain_answer": f"{NETWORK}, head='anna', relation='knows', tail='bert'",
}
RECEIVERS = {"PathNetwork": NETWORK}
