"""Tries every public call with an object of every kind in every place, and writes what was not answered as it should be.

    python trying.py SHARE SEED [NAME ...]

Of all (place, kind) so large a share is tried, drawn by the seed, of the calls whose names hold one of the words given. The
answers go into said.json of the working directory, where the calls write too. It is a process of its own, because under
pytest the annotations are checked before kgwb can say a word.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import inspect
import json
import linecache
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from beartype import BeartypeConf
from beartype.door import is_bearable
from calls import CALLS, OPTIONS, RECEIVERS
from calls_of_embed import MORE_CALLS, MORE_RECEIVERS
from exempt import EXEMPT, HOOKS, OWN
from objects import WRONG, make_objects, write_files

import kgwb

ALL_CALLS, ALL_RECEIVERS = CALLS | MORE_CALLS, RECEIVERS | MORE_RECEIVERS
PACKAGE = Path(kgwb.__file__).parent
ROOMS = ("kgwb", *(f"kgwb.{room}" for room in ("graph", "embed", "bert", "learn", "see", "lessons", "environment")))
TYPES = re.compile(r"[Tt]ype:? \S|[Ff]or example:? |pip install")
TOWER = BeartypeConf(is_pep484_tower=True)  # a whole number is a float, too
PATIENCE = 60  # seconds; what takes longer hangs


class TookTooLong(BaseException):
    """A call that does not come back."""


def list_public() -> dict[str, Callable[..., Any]]:
    """Name -> every function and class of kgwb and of its rooms, each once, under its shortest name."""
    found: dict[int, tuple[str, Any]] = {}
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in getattr(module, "__all__", None) or vars(module):
            each = getattr(module, name)
            if not callable(each) or name.startswith("_") or not each.__module__.startswith("kgwb"):
                continue
            if room != "kgwb.environment" or each.__module__ == room:
                found.setdefault(id(each), (f"{room}.{name}", each))
    return dict(found.values())


def list_methods(classes: list[type]) -> dict[tuple[str, str], Any]:
    """(the class that defines it, its name) -> each public method of some classes."""
    found = {}
    for owner in dict.fromkeys(
        owner for each in classes for owner in each.__mro__ if owner.__module__.startswith("kgwb")
    ):
        for name, method in vars(owner).items():
            function = getattr(method, "__func__", method)
            if inspect.isfunction(function) and (name == "__getitem__" or not name.startswith("_")):
                found[owner.__name__, name] = function
    return found


def find_callables(names: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Name -> a function that gives what is called; a method is bound to a fresh receiver."""
    public = list_public()
    makers: dict[str, Any] = {name: functools.partial(lambda each: each, each) for name, each in public.items()}
    receivers = {owner: compile(text, owner, "eval") for owner, text in ALL_RECEIVERS.items()}
    classes = [each for each in public.values() if inspect.isclass(each)]
    classes += [type(eval(code, names)) for code in receivers.values()]  # also those that functions hand out
    for (owner, method), function in list_methods(classes).items():
        if owner in receivers:
            makers[f"{owner}.{method}"] = lambda owner=owner, name=method: getattr(eval(receivers[owner], names), name)
        elif owner not in HOOKS:
            makers[f"{owner}.{method}"] = functools.partial(functools.partial, function, None)
    return makers


def list_missing(makers: dict[str, Callable[[], Any]]) -> list[str]:
    """What takes arguments and has neither a working call nor an exemption, and what has one and is not public."""
    missing = [f"{name} is no public name" for name in (*ALL_CALLS, *EXEMPT) if name not in makers]
    for name, make in makers.items():
        function = make()
        is_error = inspect.isclass(function) and issubclass(function, Exception)
        if name not in ALL_CALLS and name not in EXEMPT and not is_error and inspect.signature(function).parameters:
            missing.append(f"{name} has no call that works in calls.py")
    return missing


class Call:
    """One call that works, whose arguments can be exchanged one at a time."""

    def __init__(self, name: str, text: str, make: Callable[[], Any], names: dict[str, Any]) -> None:
        self.name, self.make, self.names = name, make, names
        self.code = compile(f"hold({text})", name, "eval")
        self.parameters = inspect.signature(make()).parameters

    def places(self) -> list[str]:
        """The parameters, and the options that the text gives beyond them."""
        plain = [name for name, each in self.parameters.items() if each.kind is not each.VAR_KEYWORD]
        return [*plain, *(name for name in self._arguments()[1] if name not in self.parameters)]

    def run(self, place: str | None = None, value: Any = None) -> None:
        args, kwargs = self._arguments()
        if place is not None:
            position = list(self.parameters).index(place) if place in self.parameters else len(args)
            if position < len(args):
                args = (*args[:position], value, *args[position + 1 :])
            else:
                kwargs[place] = value
        given = self.make()(*args, **kwargs)
        if inspect.isgenerator(given):
            next(given, None)
            given.close()
        if isinstance(given, contextlib.AbstractContextManager) and hasattr(given, "gen"):
            with given:
                pass

    def admits(self, place: str, value: Any) -> bool:
        """Whether the annotation allows the value, or the list of what it holds."""
        hint = self._hints.get(place, Any)
        several = inspect.isgenerator(value) or getattr(value, "ndim", None) == 1
        return any(fits(each, hint) for each in ((value, list(value)) if several else (value,)))

    @functools.cached_property
    def _hints(self) -> dict[str, Any]:
        """Parameter -> its annotation; also those of the functions that its options go on to."""
        hints: dict[str, Any] = {}
        for function in (self.make(), *(eval(each, self.names) for each in OPTIONS.get(self.name, ()))):
            home = function if inspect.isclass(function) else getattr(function, "__func__", function)
            scope = self.names | {"Any": Any} | vars(sys.modules[home.__module__])
            for name, each in inspect.signature(function).parameters.items():
                annotation = "Any" if each.annotation is each.empty else str(each.annotation)
                with contextlib.suppress(NameError):  # imported for type checkers alone
                    hints.setdefault(name, eval(annotation, scope))
        return hints

    def _arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return eval(self.code, self.names)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotation's kind; an array without axes is no list, though beartype asks for its length."""
    return hint in (Any, object) or (getattr(value, "ndim", None) != 0 and bool(is_bearable(value, hint, conf=TOWER)))


def hold(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call."""
    return args, kwargs


def try_call(call: Call, place: str, make: Callable[[], Any]) -> tuple[str | None, bool]:
    """What is wrong with the answer to a call with another argument, and whether the call went through."""
    admitted = call.admits(place, make())
    signal.alarm(PATIENCE)
    try:
        call.run(place, make())
    except BaseException as problem:
        return judge(problem, admitted=admitted), False
    finally:
        signal.alarm(0)
    return None if admitted else "taken in silence", True


def judge(problem: BaseException, *, admitted: bool) -> str | None:
    """What is wrong with an error: it is not ours or, where the kind was wrong, does not say what to type."""
    last = traceback.extract_tb(problem.__traceback__)[-1]
    line = linecache.getline(last.filename, last.lineno or 0).strip()[:80]
    said = f"{type(problem).__name__}: {str(problem)[:300]} ({last.filename}:{last.lineno} {line})"
    if isinstance(problem, TookTooLong):
        return f"hangs: {said}"
    ours = last.filename.startswith(str(PACKAGE)) and last.lineno in find_raises(last.filename)
    if not isinstance(problem, Exception) or not ours:
        return f"raw: {said}"
    return None if admitted or TYPES.search(str(problem)) else f"says nothing to type: {said}"


@functools.cache
def find_raises(path: str) -> frozenset[int]:
    """The lines of a file that belong to a raise."""
    nodes = [node for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))) if isinstance(node, ast.Raise)]
    return frozenset(line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))


def stop(*_: Any) -> None:
    raise TookTooLong


def list_calls(makers: dict[str, Callable[[], Any]], names: dict[str, Any], words: list[str]) -> Iterator[Call]:
    for name, texts in ALL_CALLS.items():
        if name in makers and (not words or any(word in name for word in words)):
            for text in [texts] if isinstance(texts, str) else texts:
                yield Call(name, text, makers[name], names)


def main(share: str, seed: str, *words: str) -> None:
    """Make the objects, try the calls, write what came."""
    signal.signal(signal.SIGALRM, stop)
    names = make_objects() | {"hold": hold}
    write_files(names)
    makers = find_callables(names)
    wrong = {kind: compile(text, kind, "eval") for kind, text in WRONG.items()}
    draw, counts, seen = random.Random(int(seed)), Counter(callables=len(ALL_CALLS)), set()
    said: dict[str, Any] = {"missing": list_missing(makers), "failures": [], "slow": [], "counts": counts}
    for call in list_calls(makers, names, list(words)):
        call.run()
        for place in call.places():
            counts["parameters"] += (call.name, place) not in seen
            kinds = [] if (call.name, place) in seen else [kind for kind in WRONG if draw.random() < float(share)]
            seen.add((call.name, place))
            for kind in (kind for kind in kinds if (call.name, place, kind) not in OWN):
                begun = time.perf_counter()
                problem, taken = try_call(call, place, functools.partial(eval, wrong[kind], names))
                counts.update(calls=1, taken=taken)
                said["slow"].append([round(time.perf_counter() - begun, 2), call.name, place, kind])
                said["failures"] += [[call.name, place, kind, problem]] if problem else []
        said["slow"] = sorted(said["slow"], reverse=True)[:20]
        Path("said.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
