"""kgwb without a notebook: `python -m kgwb doctor`, `python -m kgwb tour`, `python -m kgwb train`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from kgwb.environment import doctor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 when all is well."""
    options = _build_parser().parse_args(arguments)
    return int(options.run(options))


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kgwb", description="A knowledge-graph × BERT workbench.")
    commands = parser.add_subparsers(required=True, dest="command")

    check = commands.add_parser("doctor", help="what this machine has, and how to mend what it lacks")
    check.set_defaults(run=_show_doctor)
    return parser


def _show_doctor(_options: argparse.Namespace) -> int:
    diagnosis = doctor()
    _say(repr(diagnosis))
    if not diagnosis.missing:
        return 0
    _say(f"\nMissing: {', '.join(finding.part for finding in diagnosis.missing)}. The lines above mend it.")
    return 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
