"""For notebook 05: one word in two senses, and whether its hidden states differ between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from kgwb.bert import Reading

# No two sentences of a word share their wording: else similar wording would pass for the same sense.
_SENTENCES = """
bank | of a river | Willows grow along the bank of the stream.
bank | of a river | We sat on the bank and watched the boats go by.
bank | of a river | The river has flooded its left bank again.
bank | of a river | He pulled the canoe up onto the muddy bank.
bank | of a river | On the far bank of the Nile a heron was fishing.
bank | of a river | A steep bank of grass led down to the water.
bank | for money | She put her savings in the bank.
bank | for money | The bank lends money to small firms.
bank | for money | He asked his bank for a loan to buy the house.
bank | for money | Every bank in town was closed on Monday.
bank | for money | My bank charges a fee for foreign cards.
bank | for money | The central bank has raised its rate of interest.
turkey | a bird | A turkey ran across the farmyard.
turkey | a bird | They roasted a turkey for Christmas.
turkey | a bird | The wild turkey nests on the ground.
turkey | a bird | He carved the turkey at the table.
turkey | a bird | I ate a sandwich with turkey and cheese.
turkey | a bird | The hunter shot a turkey in the woods.
turkey | a country | Ankara is the capital of Turkey.
turkey | a country | Turkey borders Greece and Bulgaria.
turkey | a country | The carpets were woven in Turkey.
turkey | a country | He flew to Turkey for a holiday by the sea.
turkey | a country | An earthquake struck the east of Turkey.
turkey | a country | The lira is the money of Turkey.
jordan | a person | Jordan scored forty points for Chicago.
jordan | a person | Michael Jordan retired from basketball.
jordan | a person | Fans cheered when Jordan came onto the court.
jordan | a person | Her brother Jordan plays the drums.
jordan | a person | Coach Smith praised Jordan after the game.
jordan | a person | In the last minute Jordan took the ball.
jordan | a country | Amman is the capital of Jordan.
jordan | a country | Jordan borders Iraq and Syria.
jordan | a country | Many refugees fled to camps in Jordan.
jordan | a country | The king of Jordan visited Cairo.
jordan | a country | Petra in the south of Jordan is carved out of rock.
jordan | a country | From Israel we crossed into Jordan by bus.
georgia | the country | Georgia borders Armenia and Turkey.
georgia | the country | Tbilisi is the capital of Georgia.
georgia | the country | They paid for the bread with lari, the money of Georgia.
georgia | the country | The Black Sea washes the west of Georgia.
georgia | the country | Wine has been made in Georgia for eight thousand years.
georgia | the country | From Baku a night train runs to Georgia through the Caucasus.
georgia | the state | Atlanta is the largest city in Georgia.
georgia | the state | Peaches from Georgia are sold in Florida.
georgia | the state | The Savannah River parts Georgia and South Carolina.
georgia | the state | He grew up on a farm in Georgia and later moved to Texas.
georgia | the state | Georgia elects two senators to the Congress in Washington.
georgia | the state | She teaches law at the University of Georgia.
cambridge | in England | Newton taught mathematics in Cambridge.
cambridge | in England | The river Cam flows past the colleges of Cambridge.
cambridge | in England | From London the train to Cambridge takes an hour.
cambridge | in England | She won a place at Cambridge after her A levels.
cambridge | in England | Every summer Cambridge is full of punts.
cambridge | in England | Trinity is the richest college in Cambridge.
cambridge | in Massachusetts | Harvard looks across the Charles from Cambridge.
cambridge | in Massachusetts | A bridge leads from Boston to Cambridge.
cambridge | in Massachusetts | He rode the Red Line to Cambridge.
cambridge | in Massachusetts | At MIT in Cambridge they built the first radar.
cambridge | in Massachusetts | In winter Cambridge lies under deep snow.
cambridge | in Massachusetts | Boston and Cambridge voted for the senator.
birmingham | in England | Birmingham lies in the Midlands.
birmingham | in England | From London to Birmingham the train takes ninety minutes.
birmingham | in England | Aston Villa play their home games in Birmingham.
birmingham | in England | The canals of Birmingham were dug for coal.
birmingham | in England | Watt built his steam engines in Birmingham.
birmingham | in England | A bus brought them from Coventry to Birmingham.
birmingham | in Alabama | Birmingham is the largest city of Alabama.
birmingham | in Alabama | In 1963 King was put in jail in Birmingham.
birmingham | in Alabama | Steel made Birmingham rich after the Civil War.
birmingham | in Alabama | They drove from Atlanta to Birmingham.
birmingham | in Alabama | A church in Birmingham was bombed by the Klan.
birmingham | in Alabama | The blues were played in every bar of Birmingham.
"""


def list_word_senses() -> pd.DataFrame:
    """Sentences that use a word in two senses, six for each; the columns are `word`, `sense` and `sentence`.

    Three words name things of different kinds, three name two places.

    Example:
        >>> list_word_senses().groupby("word")["sense"].nunique().to_dict()
        {'bank': 2, 'birmingham': 2, 'cambridge': 2, 'georgia': 2, 'jordan': 2, 'turkey': 2}
    """
    rows = [line.split(" | ") for line in _SENTENCES.strip().splitlines()]
    return pd.DataFrame(rows, columns=["word", "sense", "sentence"])


def compare_senses(
    reading: Reading, word: str, senses: Sequence[str], *, permutations: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How alike the vectors of one word are in sentences of the same sense and of different senses, layer by layer.

    Args:
        reading: of sentences that each hold the word.
        word: a word piece, in lower case.
        senses: one for each sentence.
        permutations: how often the senses are permuted among the sentences, for the control.
        seed: for the permutations.

    Returns:
        One row per layer: the mean cosine of two sentences of the `same` sense, of two of an`other`, their
        `difference`, and what 95 in 100 differences of `permuted` senses stay below.

    Raises:
        ValueError: if a sentence does not hold the word as one piece.

    Example:
        >>> from kgwb import load_bert, read
        >>> reading = read(load_bert(), ["a bank", "the bank", "bank"])
        >>> list(compare_senses(reading, "bank", ["river", "river", "money"]).columns)
        ['same', 'other', 'difference', 'permuted']
    """
    for text, tokens in zip(reading.sentences, reading.tokens, strict=True):
        if word not in tokens:
            message = f"{text!r} has no word piece {word!r} but {' '.join(tokens)!r}."
            raise ValueError(f"{message} Expected one of these, in lower case.")
    vectors = torch.stack([reading.hidden[row, :, t.index(word)] for row, t in enumerate(reading.tokens)])
    vectors = normalize(vectors, dim=-1)  # [sentence, layer, dim]
    cosines = torch.einsum("ald,bld->lab", vectors, vectors).numpy()  # [layer, sentence, sentence]
    random, kinds = np.random.default_rng(seed), np.asarray(senses)
    same, other = _compare_pairs(cosines, kinds)
    permuted = [np.subtract(*_compare_pairs(cosines, random.permutation(kinds))) for _ in range(permutations)]
    columns = {
        "same": same,
        "other": other,
        "difference": same - other,
        "permuted": np.quantile(permuted, 0.95, axis=0),
    }
    return pd.DataFrame(columns, index=[f"layer {layer}" for layer in range(len(same))])


def _compare_pairs(cosines: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean cosine, per layer, of two different sentences of one kind, and of two kinds."""
    alike = kinds[:, None] == kinds
    return cosines[:, alike & ~np.eye(len(kinds), dtype=bool)].mean(1), cosines[:, ~alike].mean(1)
