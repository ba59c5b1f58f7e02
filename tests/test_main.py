"""The command line: each command, its exit code, and what it says when it is called wrongly."""

from __future__ import annotations

import pytest

from kgwb import environment
from kgwb.__main__ import main


def test_doctor_says_ok_and_returns_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "[ok]       BERT weights" in capsys.readouterr().out


def test_doctor_returns_one_when_something_needed_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "PACKAGES", (("no-such-package", "1.0", True),))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("Missing: no-such-package. The lines above mend it.\n")


def test_no_command_is_answered_with_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "doctor" in capsys.readouterr().err
