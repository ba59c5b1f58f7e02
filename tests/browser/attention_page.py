"""What the tests of the attention view share: its sentences and facts, and what its page shows."""

from __future__ import annotations

from typing import Any

SENTENCES = ["Paris is the capital of France.", "Rome is in [MASK]."]
FACTS = [("Paris", "capital of", "France"), ("Rome", "capital of", "Italy"), ("Paris", "twin of", "Rome")]


def numbers(page: Any, side: str) -> list[str]:
    return page.locator(f".numbers.{side} .number").all_inner_texts()


def title(page: Any) -> str:
    return page.locator(".kgwb-attention .title").inner_text()
