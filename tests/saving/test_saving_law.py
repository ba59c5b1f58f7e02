"""Saving is whole or not at all, and leaves alone what kgwb did not write: killed at every step of every saving function."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from savers import SAVING, make_embedding, make_graph, train

from kgwb import processes
from kgwb.embed import train_embedding
from kgwb.files import SavingError, expect_folder, write_whole
from kgwb.graph import write_graph

GROWING = ("checkpoint", "answers", "tuning", "search")  # what is there is gone on with, and not replaced
POINTS = None if os.environ.get("KGWB_FUZZ") else 4  # at how many of its changes of the disk each is killed; None: all


def _foreign(folder: Path) -> dict[str, str]:
    names = ("notes.txt", "thesis/ch1.txt", "graph/mine.md", ".hidden", "epoch-best.safetensors")
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(f"mine: {name}", encoding="utf-8")
    return {name: f"mine: {name}" for name in names}


def _die_at(step: int, save: Callable[[], object], log: Path | None = None) -> int:
    """Run it in a child that dies, as by kill -9, before its nth change of the disk; how the child ended.

    Where there is a log, the number of changes goes into it.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    done = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal done
        writing = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if writing or event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"):
            done += 1
            if done == step:
                os._exit(9)

    try:
        torch.set_num_threads(1)
        sys.addaudithook(watch)
        save()
        if log is not None:
            log.write_text(str(done))
        os._exit(0)
    except BaseException:
        os._exit(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("what", SAVING)
def test_killed_anywhere_it_is_old_or_new_and_nothing_else_is_touched(what: str, tmp_path: Path) -> None:
    save, read = SAVING[what]
    versions = []
    for version in (0, 1):
        save(tmp_path / f"plain{version}", version)
        versions.append(read(tmp_path / f"plain{version}"))
    save(tmp_path / "plain", 0)
    assert _die_at(0, lambda: save(tmp_path / "plain", 1), tmp_path / "log") == 0
    changes, seen = int((tmp_path / "log").read_text()), set()
    for step in sorted({1, *range(2, changes, max(1, changes // (POINTS or changes))), changes}):
        folder = tmp_path / f"at{step}"
        foreign = _foreign(folder)
        save(folder, 0)
        assert _die_at(step, lambda folder=folder: save(folder, 1)) == 9
        found = read(folder)
        assert found in versions, f"killed before change {step}"
        seen.add(found)
        assert {name: (folder / name).read_text(encoding="utf-8") for name in foreign} == foreign
        save(folder, 1)  # and the next one is not disturbed by what is left
        assert read(folder) == versions[1] or what in GROWING
        assert what in GROWING or not [*folder.glob(".kgwb-*"), *folder.glob(".half*")]
    assert changes > 3 and seen == set(versions)


FOLDERS = ("embedding", "graph", "split", "table", "word2vec")


@pytest.mark.parametrize("what", FOLDERS)
def test_other_files_stay_and_so_do_links_and_the_working_directory(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, read = SAVING[what]
    (tmp_path / "far").mkdir()
    foreign = _foreign(tmp_path / "far")
    (tmp_path / "link").symlink_to(tmp_path / "far", target_is_directory=True)
    for version in (0, 1):
        save(tmp_path / "link", version)
    assert (tmp_path / "link").is_symlink()
    monkeypatch.chdir(tmp_path / "far")
    save(Path(), 0)
    assert Path.cwd() == tmp_path / "far"
    save(tmp_path / "plain", 0)
    assert read(Path()) == read(tmp_path / "plain")
    assert {name: Path(name).read_text(encoding="utf-8") for name in foreign} == foreign


NEEDED = {
    "embedding": "vectors.safetensors embedding.json graph/triples.tsv graph/entities.tsv",
    "graph": "triples.tsv entities.tsv relations.tsv triples.csv",
    "split": "train.tsv test.tsv entities.tsv train2id.txt",
    "table": "facts.entities.tsv",
    "word2vec": "v.relations.txt",
}
CASES = [(what, name) for what, names in NEEDED.items() for name in names.split()]


@pytest.mark.parametrize(("what", "name"), CASES)
@pytest.mark.parametrize("how", ["there before", "changed since", "a folder", "a link"])
def test_a_file_of_somebody_elses_is_refused(what: str, name: str, how: str, tmp_path: Path) -> None:
    save, _ = SAVING[what]
    folder, target = tmp_path / "folder", tmp_path / "folder" / name
    if how != "there before":
        save(folder, 0)
    target.parent.mkdir(parents=True, exist_ok=True)
    if how in ("a folder", "a link"):
        target.unlink(missing_ok=True)
    if how == "a folder":
        (target / "within").mkdir(parents=True)
    else:
        (tmp_path / "elsewhere").write_text("mine", encoding="utf-8")
        target.symlink_to(tmp_path / "elsewhere") if how == "a link" else target.write_text("mine", encoding="utf-8")
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    with pytest.raises(
        FileExistsError, match=r"no file of kgwb's, or was changed since .* Type another folder, or move"
    ):
        save(folder, 1)
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before
    assert (target / "within").is_dir() if how == "a folder" else target.read_text(encoding="utf-8") == "mine"


def test_files_have_the_mode_that_new_files_have(tmp_path: Path) -> None:
    (tmp_path / "fresh").touch()
    make_embedding(0).save(tmp_path / "vectors")
    train(tmp_path / "run", 1)
    modes = {
        path.stat().st_mode
        for folder in ("vectors", "run")
        for path in (tmp_path / folder).rglob("*.*")
        if path.is_file()
    }
    assert modes == {(tmp_path / "fresh").stat().st_mode}


@pytest.mark.parametrize("what", ("embedding", "graph", "table", "split", "word2vec", "checkpoint"))
def test_a_full_disk_leaves_the_old_state_and_names_the_folder(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError

    save, read = SAVING[what]
    save(tmp_path / "plain", 0)
    folder = tmp_path / "folder"
    save(folder, 0)

    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill_with_tensors(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save_file", fill_with_tensors)
        patch.setattr("kgwb.graph.files.writing.write_table", fill)
        patch.setattr("kgwb.graph.files.writing.write_openke", fill)
        patch.setattr("kgwb.embed.exporting._write_lines", fill)
        with pytest.raises(SavingError, match=r"folder.*No space left on device.*[Mm]ake room"):
            save(folder, 1)
    assert read(folder) == read(tmp_path / "plain")
    assert not list(folder.glob(".kgwb-*")) and not list(folder.glob(".half*"))


@pytest.mark.parametrize("what", SAVING)
def test_a_closed_folder_is_named_as_it_was_typed(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without the right to write there; root has it everywhere."""
    make = tempfile.mkdtemp

    def refuse(suffix: str | None = None, prefix: str | None = None, dir: str | Path | None = None) -> str:
        if dir is not None and tmp_path in (Path(dir), *Path(dir).parents):
            raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/{prefix}x")
        return make(suffix, prefix, dir)

    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(
        SavingError, match=r"nothing can be written in .*folder: Permission denied.*[Tt]ype a"
    ) as caught:
        SAVING[what][0](tmp_path / "folder", 0)
    assert str(caught.value).startswith(str(tmp_path / "folder")) and ".kgwb-" not in str(caught.value)


@pytest.mark.parametrize("what", ("embedding", "graph", "split", "checkpoint"))
def test_a_file_in_a_folders_place_is_called_one(what: str, tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(
        SavingError, match=r"below .*facts\.csv is a file, not a folder.* type another path|Type a folder"
    ):
        SAVING[what][0](tmp_path / "facts.csv" / "below", 0)


def test_two_at_once_do_no_harm(tmp_path: Path) -> None:
    """One stops within its writing, another saves meanwhile, and then the first one ends."""
    with write_whole(tmp_path / "folder") as first:
        first.mkdir()
        (first / "a").write_text("first", encoding="utf-8")
        for text in ("second", "third"):
            with write_whole(tmp_path / "folder") as second:
                second.mkdir()
                (second / "a").write_text(text, encoding="utf-8")
        assert (tmp_path / "folder" / "a").read_text(encoding="utf-8") == "third"
    assert (tmp_path / "folder" / "a").read_text(encoding="utf-8") == "first"
    assert {path.name for path in (tmp_path / "folder").iterdir()} == {"a", ".kgwb.json"}


@pytest.mark.parametrize("name", ["file", "file/below", "a\x00b"[:1] + "/" + "n" * 300])
def test_a_folder_that_cannot_be_is_refused_before_the_work(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(OSError, match=r"(needs a folder\. Type another path|cannot hold a checkpoint.*Type a folder)"):
        train_embedding(make_embedding(0), make_graph(0), checkpoint=tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_trial_leaves_nothing(tmp_path: Path) -> None:
    expect_folder(tmp_path / "deep" / "folder", "a checkpoint")
    assert not list(tmp_path.iterdir())


def test_only_what_dead_processes_left_is_removed(tmp_path: Path) -> None:
    host = processes.name_process().rpartition("-")[0]
    dead, alive, other = (
        tmp_path / f".kgwb-half-{who}-x" for who in (f"{host}-99999999", processes.name_process(), "far-1")
    )
    for left in (dead, alive, other):
        left.mkdir()
    write_graph(make_graph(0), tmp_path)
    assert (dead.exists(), alive.exists(), other.exists()) == (False, True, True)
