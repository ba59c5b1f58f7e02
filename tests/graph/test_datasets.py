"""Benchmarks by name: from a folder, from the cache, from where they are published, and told what to do without."""

from __future__ import annotations

import hashlib
import io
import socket
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kgwb.graph import GraphFileError
from kgwb.graph.datasets import load_dataset
from kgwb.graph.published import PUBLISHED, PublishedFile, PublishedGraph

PARTS = {"train.txt": "a\tr\tb\nb\tr\tc\n", "valid.txt": "a\tr\tc\n", "test.txt": "c\tr\ta\n"}
Publish = Callable[..., PublishedGraph]
Unplug = Callable[[PublishedGraph], PublishedGraph]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no KGWB_DATA."""
    pytest.importorskip("pooch", reason="needs the downloader: pip install pooch")
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.delenv("KGWB_DATA", raising=False)
    return tmp_path / "cache" / "kgwb"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address on this machine at which its files are served."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publish(site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Serve files and give them the name "umls"."""
    folder, address = site

    def publish_files(parts: dict[str, Any] = PARTS, members: dict[str, str] | None = None) -> PublishedGraph:
        files = []
        for name, text in parts.items():
            data = text if isinstance(text, bytes) else text.encode()
            (folder / name).write_bytes(data)
            files.append(PublishedFile(name, address + name, hashlib.sha256(data).hexdigest()))
        graph = PublishedGraph("umls", tuple(files), members or {})
        monkeypatch.setattr("kgwb.graph.datasets.PUBLISHED", {"umls": graph})
        return graph

    return publish_files


@pytest.fixture
def unplug(monkeypatch: pytest.MonkeyPatch) -> Unplug:
    """Give "umls" addresses at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"

    def move(graph: PublishedGraph) -> PublishedGraph:
        moved = replace(graph, files=tuple(replace(file, address=address + file.name) for file in graph.files))
        monkeypatch.setattr("kgwb.graph.datasets.PUBLISHED", {"umls": moved})
        return moved

    return move


def test_a_download_is_checked_and_kept(publish: Publish, unplug: Unplug, cache: Path) -> None:
    graph = publish({**PARTS, "entity2text.txt": "a\tAlpha\nb\tBeta\nc\tGamma\n"})
    split = load_dataset("UMLS")
    assert (len(split.train), len(split.valid), len(split.test)) == (2, 1, 1)
    assert split.graph.labels == ("Alpha", "Beta", "Gamma")
    assert (split.graph.name, split.notes) == ("umls", ())
    unplug(graph)
    assert load_dataset("umls").train.tolist() == split.train.tolist()  # from the cache
    (cache / "umls" / "test.txt").write_text("tampered", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match="cannot be had"):
        load_dataset("umls")  # and not the tampered file


def test_other_bytes_are_thrown_away(publish: Publish, site: tuple[Path, str], cache: Path) -> None:
    graph = publish()
    (site[0] / "valid.txt").write_text("a\tr\tz\n", encoding="utf-8")
    with pytest.raises(GraphFileError) as caught:
        load_dataset("umls")
    assert str(caught.value) == (
        f"{site[1]}valid.txt gave other bytes than those published as 'umls' (SHA-256 {graph.files[1].sha256}), and they "
        "were thrown away. Was the download cut off, or did a proxy answer? Type load_dataset('umls') to try again, or: "
        f"Where there is a network, download\n  {site[1]}train.txt\n  {site[1]}valid.txt\n  {site[1]}test.txt\n"
        f'Put them into {Path("data/umls")}, and name the folder above: os.environ["KGWB_DATA"] = "data".'
    )
    assert sorted(path.name for path in (cache / "umls").iterdir()) == ["train.txt"]


def test_an_archive_is_unpacked(publish: Publish, cache: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in PARTS.items():
            member = tarfile.TarInfo("large_" + name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    publish({"large.tar.gz": packed.getvalue()}, {name: "large_" + name for name in PARTS})
    assert len(load_dataset("umls").train) == 2
    assert sorted(path.name for path in (cache / "umls").iterdir()) == ["large.tar.gz", *sorted(PARTS)]
    assert len(load_dataset("umls").train) == 2


def test_offline(tmp_path: Path, publish: Publish, unplug: Unplug, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = unplug(publish())
    monkeypatch.setenv("KGWB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset("umls")
    first, *addresses, last = str(caught.value).split("\n")
    assert first == (
        f"'umls' is not on this machine, and {graph.files[0].address} cannot be had (ConnectionError). "
        "Where there is a network, download"
    )
    assert addresses == [f"  {file.address}" for file in graph.files]
    assert last == f"Put them into {tmp_path / 'umls'}."


def test_no_hash_no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset("CoDEx-S")
    first, *addresses, last = str(caught.value).split("\n")
    assert first == (
        "kgwb does not download 'codex-s': no SHA-256 is published to check its files against. "
        "Where there is a network, download"
    )
    assert [address.rsplit("/", 2)[1:] for address in addresses] == [["codex-s", part] for part in PARTS]
    assert last == f'Put them into {Path("data/codex-s")}, and name the folder above: os.environ["KGWB_DATA"] = "data".'


def test_without_the_downloader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"Downloading 'nations' needs pooch, which .*Type: pip install pooch"):
        load_dataset("nations")


def test_an_unknown_name() -> None:
    known = ", ".join(map(repr, PUBLISHED))
    with pytest.raises(ValueError, match=rf"^name='FB15k' came\. Type one of {known}\.$"):
        load_dataset("FB15k")


def test_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_DATA", str(tmp_path))
    (tmp_path / "nations").mkdir()
    (tmp_path / "nations" / "train.txt").write_text("a\tr\tb\n", encoding="utf-8")
    (tmp_path / "nations" / "test.txt").write_text("b\tr\ta\n", encoding="utf-8")
    assert repr(load_dataset("nations")).split("\n")[1:] == [
        f"  1 published files that are not in {tmp_path / 'nations'} (valid.txt)",
        f"  2 files in {tmp_path / 'nations'} that are not the published bytes (train.txt, test.txt)",
    ]
    (tmp_path / "nations").rename(tmp_path / "codex-s")
    (tmp_path / "codex-s" / "valid.txt").write_text("b\tr\ta\n", encoding="utf-8")
    assert repr(load_dataset("codex-s")).count("for want of a SHA-256 (train.txt, valid.txt, test.txt)")
    (tmp_path / "codex-s").rename(tmp_path / "wikidata5m")
    assert load_dataset("wikidata5m").notes[0][1] == 3
    monkeypatch.setenv("KGWB_DATA", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError, match=r"KGWB_DATA names .*gone', which is no folder\. Mend the variable"):
        load_dataset("nations")


@pytest.mark.parametrize("name", ["FB15K-237", "WN18RR", "umls", "Nations", "kinship", "countries/S1", "Countries_S3"])
def test_the_benchmarks_here_are_the_published_bytes(
    name: str, benchmark_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGWB_DATA", str(benchmark_data))
    assert load_dataset(name).notes == ()


def test_every_hash_is_one() -> None:
    for graph in PUBLISHED.values():
        assert all(file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32 for file in graph.files)
        assert graph.parts == ("train.txt", "valid.txt", "test.txt")
        assert all(file.address.startswith("https://") for file in graph.files)
