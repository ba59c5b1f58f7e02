"""Where well-known graphs are published, and the SHA-256 that every file must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_ROTATE = "https://raw.githubusercontent.com/DeepGraphLearning/KnowledgeGraphEmbedding/{}/data/"
_ROTATE_CODE = _ROTATE.format("2e440e0f9c687314d5ff67ead68ce985dc446e3a")
_ROTATE_DATA = _ROTATE.format("617062aaedf53bf4d6b44450a580a96dc30e0632")
_PYKEEN = "https://raw.githubusercontent.com/pykeen/pykeen/v1.11.1/src/pykeen/datasets/"
_FREEBASE = "https://raw.githubusercontent.com/villmow/datasets_knowledge_embedding/master/"
_CODEX = "https://raw.githubusercontent.com/tsafavi/codex/3132e426c2a6b643b70bad679905a3a6270be440/data/triples/"
_TEXTS = "https://raw.githubusercontent.com/yao8839836/kg-bert/62b76ed5652bf3da5a355cbe9c1109f58290756f/data/"
_WIKIDATA = (
    "https://huggingface.co/datasets/intfloat/wikidata5m/resolve/6b2b09672129e280c0c9da97ab58154e9d535e6b/"
    "wikidata5m_transductive.tar.gz"
)


@dataclass(frozen=True)
class PublishedFile:
    """A file on the web.

    Attributes:
        name: what it is called in the graph's folder.
        address: where it lies.
        sha256: what its bytes must have; None where none is published, so that kgwb does not download it.
    """

    name: str
    address: str
    sha256: str | None


@dataclass(frozen=True)
class PublishedGraph:
    """The files that make up a published graph.

    Attributes:
        folder: where they lie below the folder that KGWB_DATA names.
        files: train, valid and test, and texts about the names where there are any; or one archive.
        members: what becomes of the archive's members: their names, by what they are called in the folder.
    """

    folder: str
    files: tuple[PublishedFile, ...]
    members: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """What train, valid and test are called in the folder."""
        return tuple(self.members) or tuple(file.name for file in self.files[:3])


def _list_files(address: str, *hashes: str | None) -> tuple[PublishedFile, ...]:
    names = ("train.txt", "valid.txt", "test.txt")
    return tuple(PublishedFile(name, address + name, sha256) for name, sha256 in zip(names, hashes, strict=True))


def _list_countries(task: str, train: str) -> PublishedGraph:
    valid = "f4b27648148a44f87e627140ec3a02ca4c884c32d348591147ca72f1d6fff5b0"
    test = "262ca5ae5ed3aa1927026e0f258cc52b10830185b93465b93b9360727e719158"
    return PublishedGraph(f"countries/{task}", _list_files(f"{_ROTATE_DATA}countries_{task}/", train, valid, test))


PUBLISHED: Mapping[str, PublishedGraph] = {
    "codex-l": PublishedGraph("codex-l", _list_files(_CODEX + "codex-l/", None, None, None)),
    "codex-m": PublishedGraph(
        "codex-m",
        _list_files(
            _CODEX + "codex-m/",
            "d99c3437ab51690391a26d96976adf6e5494dba7ef6902e77000551bfa566556",
            "11c323096367354940846b9ed940c5dabddc1d20a70474222babe7e7fd28b28d",
            "0575ce05e4ce915e395bb4f708e8df9547989dd4c8c71407cbfd78c19daffcf7",
        ),
    ),
    "codex-s": PublishedGraph("codex-s", _list_files(_CODEX + "codex-s/", None, None, None)),
    "countries-s1": _list_countries("S1", "5256bf3fc4181d7e87d819571e3acfa5425fc5af365b9ebe5c113740534ca561"),
    "countries-s2": _list_countries("S2", "84c8f310fa076f902760f0909716b13bc0853a105ab9e0145e4e5135d855f68a"),
    "countries-s3": _list_countries("S3", "80a8e3a26aff58b78fd5a453ec2a37591466bad621df8d05185f26763b663a0c"),
    "fb15k-237": PublishedGraph(
        "fb15k-237",
        (
            *_list_files(
                _FREEBASE + "FB15k-237/",
                "61099230e4439f90885ca9767739e31e8e32f54736fa1c35952b27997bc7c08a",
                "749cbe9d923bac7b9354da5614ecfed2e0220256d442c3e04a6b303db1f273d9",
                "e2e35e8e6113de220140b6f44dc71a5207b0fc6872d575e874aefe13259b655b",
            ),
            PublishedFile(
                "relation2text.txt",
                _TEXTS + "FB15k-237/relation2text.txt",
                "4bf7cb6ea0ac09b17ad210889f723be5e079669f6ae5d507787e1320bbaa0f72",
            ),
        ),
    ),
    "kinship": PublishedGraph(
        "kinship",
        _list_files(
            _PYKEEN + "kinships/",
            "738612111a6acf0e39662bde24c7e72a4d1edf20931beea077da367dda689731",
            "c56f8630a583178b1e569f11a64aa535ae1ce0b0912d8b1e24716be2b37f04da",
            "05e5733265761d55be9c05bfaff5a8d0808df46f9c1e9d66cc3f2fe114e43d88",
        ),
    ),
    "nations": PublishedGraph(
        "nations",
        _list_files(
            _PYKEEN + "nations/",
            "0830fa9da8e5bba2ccdaa45b7bdc9130451ba66b09ff2708f35fccaf82473e57",
            "2b337a62e51a2f45c283eac98a70d21b7e0e102136be1539b2a52c652a7b0530",
            "3971085165b47b6aeaec68058c6d8d98b3005e929db81268410b95ae4db770ab",
        ),
    ),
    "umls": PublishedGraph(
        "umls",
        (
            *_list_files(
                _PYKEEN + "umls/",
                "873ef4925516b83e7f6f8cc02b4be51d848828710a7f65a956f0ac4a9e452f35",
                "025c98f8a4891e2a6582ec5b40ee0d904031edad9c52554522f4b7904820c98e",
                "a7eb529a3d2810fcc96341ccc97c625a5e202f8389673aa6bd317eeebbb79014",
            ),
            PublishedFile(
                "entity2textlong.txt",
                _TEXTS + "umls/entity2textlong.txt",
                "cb4eccdebf5bfc73adc2db0fc582d215256aa11d789d3a16a6c0649f338f5fe3",
            ),
        ),
    ),
    "wikidata5m": PublishedGraph(
        "wikidata5m",
        (
            PublishedFile(
                "wikidata5m_transductive.tar.gz",
                _WIKIDATA,
                "383160990b41c0905fc03f4a8afbb9b12be1ca3591e026bde6cdc94a59542597",
            ),
        ),
        {f"{part}.txt": f"wikidata5m_transductive_{part}.txt" for part in ("train", "valid", "test")},
    ),
    "wn18rr": PublishedGraph(
        "wn18rr",
        (
            *_list_files(
                _ROTATE_CODE + "wn18rr/",
                "038612e783c215ee5f3ca9fbfca27b8d0739be1028fe4ee7c174aecf0b83d5df",
                "453ce7202afa58094a04d2b1560ee2b02660f1c260b32ce6651c8ccedd1028ab",
                "0383bceaaa1096cf3c03ec021ed0048068e2355dbfc0239b292cefdac821cec5",
            ),
            PublishedFile(
                "entity2text.txt",
                _TEXTS + "WN18/entity2text.txt",
                "8f5c6f11753dafa879917b9bdf73d398ceb3bd4bed8d5553177e1e0f2c37521f",
            ),
        ),
    ),
    "yago3-10": PublishedGraph(
        "yago3-10",
        _list_files(
            _ROTATE_CODE + "YAGO3-10/",
            "afb9b51c68d1c997e85655477045b4c5146cd2a6b50b6eea5373383f35dcb12a",
            "c9018b77ec77e99f8d48bc3258d404f10b2049a6c7b4ac6eb663697e799dc6f5",
            "003887ca8a34c90fcaf9b0250b1c30a4b5f617f80f8cf0aeab9723333061598a",
        ),
    ),
}
