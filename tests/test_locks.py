"""What `make install` installs: every package by version and hash, as the requirements say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAIRS = {
    "requirements.lock": ["requirements.txt"],
    "tests/requirements.lock": ["requirements.txt", "tests/requirements.txt"],
    "tests/browser/site/requirements.lock": ["tests/browser/site/requirements.txt"],
}


def _read_pins(path: Path) -> dict[str, str]:
    """Name (with - for _) → version."""
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


@pytest.mark.parametrize("lock", PAIRS)
def test_a_lock_holds_what_was_asked_for(lock: str, repository: Path) -> None:
    locked = _read_pins(repository / lock)
    for name in PAIRS[lock]:
        asked = _read_pins(repository / name)
        assert {package: locked.get(package) for package in asked if package != "torch"} == {
            package: version for package, version in asked.items() if package != "torch"
        }, "type: make lock"


@pytest.mark.parametrize("lock", PAIRS)
def test_every_locked_package_has_its_hashes(lock: str, repository: Path) -> None:
    blocks = re.split(r"\n(?=\S)", (repository / lock).read_text().strip())
    for block in blocks:
        assert re.match(r"[\w.-]+==\S+", block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


@pytest.mark.parametrize("lock", PAIRS)
def test_a_lock_names_no_address_and_no_build_of_torch(lock: str, repository: Path) -> None:
    text = (repository / lock).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    assert not re.search(r"^(torch|triton|nvidia-\S+|cuda-\S+)==", text, flags=re.MULTILINE)


def test_what_the_locks_of_lab_and_tests_both_hold_is_of_one_version(repository: Path) -> None:
    lab, tests = (_read_pins(repository / lock) for lock in list(PAIRS)[:2])
    assert {name: tests.get(name) for name in lab} == lab
