"""Files of every format that kgwb reads, with bytes changed or made up: a graph, or an error of ours."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from kgwb.embed import DistMult, GraphEmbedding
from kgwb.embed.exporting import write_vectors
from kgwb.embed.importing import read_vectors
from kgwb.graph import KnowledgeGraph, Split, read_graph, read_split, split_triples, write_graph
from kgwb.graph.files.writing import write_split

FACTS = [
    ("Berlin", "capital_of", "Germany"),
    ("Zürich", "lies in", "Schweiz"),
    ('a "b"', "r,s", "c\\d"),
    ("1", "2", "3"),
]
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
_X = "http://x.org/"


def _graph() -> KnowledgeGraph:
    entities = pd.DataFrame({"entity": ["Berlin"], "label": ["City of Berlin"], "type": ["city"], "area": [891.1]})
    entities["aliases"] = ["Spree|B."]
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


def _zip(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return held.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """A whole file of each format, by its suffix."""
    folder, graph = tmp_path_factory.mktemp("whole"), _graph()
    simple = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS[:2], columns=["head", "relation", "tail"]))
    files = {}
    for suffix in (".tsv", ".csv", ".txt", ".jsonl", ".parquet", ".nt", ".ttl", ".rdf", ".graphml"):
        written = simple if suffix in (".rdf", ".graphml") else graph
        files[suffix] = write_graph(written, folder / f"facts{suffix}").read_bytes()
    frame = pd.DataFrame(FACTS, columns=["head", "relation", "tail"])
    frame.to_excel(folder / "facts.xlsx", index=False)
    files[".xlsx"] = (folder / "facts.xlsx").read_bytes()
    files[".json"] = json.dumps(frame.to_dict("records")).encode()
    net = nx.MultiDiGraph()
    net.add_edge("a", "b", label="knows", weight=1.5)
    nx.write_gexf(net, folder / "facts.gexf")
    files[".gexf"] = (folder / "facts.gexf").read_bytes()
    files[".nq"] = f'<{_X}a> <{_X}p> <{_X}b> <{_X}g> .\n<{_X}a> <{_X}p> "é"@fr <{_X}g> .\n'.encode()
    files[".trig"] = f"@prefix x: <{_X}> . x:g {{ x:a x:p x:b , 3.5 . _:b x:p ( 1 2 ) }}".encode()
    files[".jsonld"] = json.dumps({"@context": {"x": _X}, "@id": "x:a", "x:p": {"@id": "x:b"}, "x:n": 3}).encode()
    np.save(folder / "ids.npy", np.array([[0, 0, 1], [1, 0, 0]]))
    files[".npy"] = (folder / "ids.npy").read_bytes()
    for suffix, compress in COMPRESSED.items():
        files[".tsv" + suffix] = compress(files[".tsv"])
        files[".ttl" + suffix] = compress(files[".ttl"])
    return files | {".csv.zip": _zip("facts.csv", files[".csv"]), ".nt.zip": _zip("facts.nt", files[".nt"])}


def _make_up(chance: random.Random) -> bytes:
    """Lines of short cells between signs that mean something somewhere."""
    cells = (
        "a",
        "b",
        "r",
        "",
        " ",
        '"',
        '"a',
        "0",
        "1",
        "-1",
        "1.5",
        "nan",
        "head",
        "\x00",
        "é",
        "\ufeff",
        "<a>",
        "_:b",
        ".",
    )
    between = chance.choice(("\t", ",", ";", "|", " ", "\t", ","))
    rows = (
        between.join(chance.choices(cells, k=chance.choice((3, 3, 3, 1, 2, 4)))) for _ in range(chance.randrange(6))
    )
    return (
        chance.choice(("\n", "\n", "\r\n", "\r", "\n\n"))
        .join(rows)
        .encode(chance.choice(("utf-8", "utf-8", "utf-16", "utf-32")))
    )


OPTIONS: tuple[dict[str, object], ...] = (
    *(
        {},
        {},
        {},
        {"on_error": "skip"},
        {"on_error": "skip"},
        {"columns": (0, 1, 2)},
        {"header": True},
        {"header": False},
    ),
    *(
        {"delimiter": ","},
        {"encoding": "latin-1"},
        {"encoding": "utf-16"},
        {"relation": "r"},
        {"columns": ("a", "b", "c")},
    ),
    *({"columns": (2, 1, 0), "on_error": "skip"}, {"base": "http://x.org/"}),
)


def test_bytes_of_files(
    whole: Mapping[str, bytes], withstand: Callable[..., None], mutate: Callable[..., bytes]
) -> None:
    def read(chance: random.Random, folder: Path) -> None:
        suffix = chance.choice(sorted(whole))
        source = whole[chance.choice(sorted(whole))] if chance.random() < 0.1 else whole[suffix]
        data = _make_up(chance) if chance.random() < 0.25 else mutate(source, chance)
        path = folder / f"facts{suffix}"
        path.write_bytes(data)
        given = io.BytesIO(data) if chance.random() < 0.1 else path
        if given is not path:
            given.name = path.name
        graph = read_graph(given, **chance.choice(OPTIONS))
        assert isinstance(graph, KnowledgeGraph) and repr(graph) and graph.triples.shape[1] == 3

    withstand(read, 0.3)


def _folders(folder: Path) -> list[Path]:
    graph = _graph()
    split = split_triples(graph, valid=0.3, test=0.3)
    made = [write_graph(graph, folder / "tables"), write_split(split, folder / "split")]
    made.append(write_split(split, folder / "openke", openke=True))
    texts = folder / "texts"
    texts.mkdir()
    (texts / "train.txt").write_text("/m/1\tr\t/m/2\n/m/2\tr\t/m/1\n", "utf-8")
    (texts / "entity2text.txt").write_text("/m/1\tParis, a city\n/m/2\tFrance, a land\n", "utf-8")
    (texts / "relation2text.txt").write_text("r\tis in\n", "utf-8")
    numbers = folder / "numbers"
    numbers.mkdir()
    (numbers / "train.txt").write_text("0\t0\t1\n1\t0\t0\n", "utf-8")
    (numbers / "entities.dict").write_text("0\ta\n1\tb\n", "utf-8")
    (numbers / "relations.dict").write_text("0\tr\n", "utf-8")
    return [*made, texts, numbers]


def test_bytes_of_folders(tmp_path: Path, withstand: Callable[..., None], mutate: Callable[..., bytes]) -> None:
    folders = _folders(tmp_path / "whole")

    def read(chance: random.Random, folder: Path) -> None:
        source = chance.choice(folders)
        shutil.rmtree(folder)
        shutil.copytree(source, folder)
        names = sorted(path for path in folder.iterdir() if path.suffix != ".json")
        path = chance.choice(names)
        match chance.randrange(6):
            case 0:
                path.unlink()
            case 1:
                path.write_bytes(chance.choice(names).read_bytes())
            case 2:
                path.rename(
                    folder
                    / chance.choice(("train.txt", "triples.csv", "entity2id.txt", "train2id.txt", "entities.tsv"))
                )
            case 3:
                path.write_bytes(_make_up(chance))
            case _:
                path.write_bytes(mutate(path.read_bytes(), chance))
        options = chance.choice(({}, {}, {"on_error": "skip"}, {"header": True}, {"header": False}))
        found = chance.choice((read_graph, read_split))(folder, **options)
        assert isinstance(found, (KnowledgeGraph, Split)) and repr(found)

    withstand(read, 0.1)


def test_bytes_of_vectors(tmp_path: Path, withstand: Callable[..., None], mutate: Callable[..., bytes]) -> None:
    graph = _graph()
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    files = [write_vectors(embedding, tmp_path / f"v{suffix}") for suffix in (".txt", ".npz", ".parquet")]
    datas = {path.suffix: path.read_bytes() for path in files}

    def read(chance: random.Random, folder: Path) -> None:
        suffix = chance.choice(sorted(datas))
        path = folder / f"v{suffix}"
        path.write_bytes(mutate(datas[suffix], chance))
        found = read_vectors(path, graph, scorer=DistMult())
        assert found.entity_vectors().isfinite().all()

    withstand(read, 0.05)
