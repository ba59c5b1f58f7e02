"""Names as addresses (IRIs) and back: RDF allows nothing else for entities and relations."""

from __future__ import annotations

import re

OWN = "urn:kgwb:"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = RDF + "type"
LABELS = (RDFS + "label", SKOS + "prefLabel", "http://xmlns.com/foaf/0.1/name", "http://schema.org/name")
ALIASES = (SKOS + "altLabel",)
DESCRIPTIONS = (
    RDFS + "comment",
    SKOS + "definition",
    "http://schema.org/description",
    "http://purl.org/dc/terms/description",
)
# Only letters that may also stand in the name of an XML element, so that one spelling serves every format.
_SPECIAL = re.compile(r"[^A-Za-z0-9_\-À-ÖØ-öø-˿Ͱ-ͽͿ-῿、-\ud7ff]")
_ESCAPE = re.compile(r"\.([0-9a-f]+)\.")
_WEB_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9.\-]+(:\d+)?/([A-Za-z0-9._~:/?#@!$&'()*+,;=\-]*[/#:])?([A-Za-z_][\w.\-]*)", re.ASCII
)


def write_address(kind: str, name: str) -> str:
    """The address that stands for a name: the name itself where it is a web address, otherwise one of kgwb's own.

    Example:
        >>> write_address("entity", "New York")
        'urn:kgwb:entity.New.20.York'
        >>> write_address("entity", "http://example.org/Berlin")
        'http://example.org/Berlin'
    """
    if kind in ("entity", "relation") and is_web_address(name):
        return name
    return f"{OWN}{kind}." + _SPECIAL.sub(lambda match: f".{ord(match[0]):x}.", name)


def read_address(kind: str, address: str) -> str:
    """The name that an address stands for.

    Example:
        >>> read_address("entity", "urn:kgwb:entity.New.20.York")
        'New York'
    """
    prefix = f"{OWN}{kind}."
    if not address.startswith(prefix):
        return address
    return _ESCAPE.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), address.removeprefix(prefix))


def read_local(kind: str, address: str) -> str:
    """The last part of an address, for people to read; of kgwb's own addresses, the name.

    Example:
        >>> read_local("entity", "http://example.org/places#New_York")
        'New_York'
    """
    name = read_address(kind, address)
    return re.split(r"[/#:]", name.rstrip("/#:"))[-1] if name == address else name


def is_web_address(name: str) -> bool:
    """Whether a name can stand in RDF as it is and is no word of RDF's own."""
    if name == TYPE or name in (*LABELS, *ALIASES, *DESCRIPTIONS) or name.startswith((RDF, RDFS, OWL)):
        return False
    return _WEB_ADDRESS.fullmatch(name) is not None
