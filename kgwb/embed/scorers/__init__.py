"""The equations: each says how well head, relation and tail fit together, and sees vectors only.

This is the one list of them: an equation imported here is public, can be trained by `python -m kgwb train`, is loaded by
its name, and is tested with all others.
"""

from __future__ import annotations

from kgwb.embed.scorers.complex import ComplEx as ComplEx
from kgwb.embed.scorers.distmult import DistMult as DistMult
from kgwb.embed.scorers.house import HousE as HousE
from kgwb.embed.scorers.quate import QuatE as QuatE
from kgwb.embed.scorers.rescal import RESCAL as RESCAL
from kgwb.embed.scorers.rotate import RotatE as RotatE
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.scorers.transe import TransE as TransE

SCORERS: dict[str, type[Scorer]] = {
    name: found
    for name, found in list(vars().items())
    if isinstance(found, type) and issubclass(found, Scorer) and found is not Scorer
}
