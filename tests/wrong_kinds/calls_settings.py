"""Calls that work, as in `calls.py`: the search for settings."""

from __future__ import annotations

CALLS = {
    "kgwb.embed.find_settings": "split, [scorer], passes=1, fixed={'dim': 4, 'precision': 'float32'}",
    "kgwb.embed.find_loss_floor": "split.train",
}
