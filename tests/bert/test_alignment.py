"""A map that exists is found, one that does not is called by its name, and other libraries agree on the figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.stats import rankdata, skew
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.metrics.pairwise import cosine_similarity

import kgwb
from kgwb.bert.alignment.alignment import Alignment, align_vectors, choose_fit
from kgwb.bert.alignment.linear_maps import fit_contrastive, fit_procrustes, fit_ridge
from kgwb.bert.alignment.missing_vectors import FilledVectors
from kgwb.bert.alignment.quality import AlignmentQuality, Pairs, judge_map
from kgwb.bert.alignment.word_space import read_labels

METHODS = ["least squares", "procrustes", "trained"]
WORDS = (
    "paris london rome berlin madrid vienna prague dublin athens moscow tokyo cairo lima boston chicago dallas river "
    "lake mountain sea forest desert island valley king queen bishop soldier doctor teacher lawyer farmer bread cheese "
    "wine beer meat fruit iron gold silver copper stone glass paper silk music dance film theatre poem novel war peace"
).split()


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def draw_rotation(dim: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(draw(dim, dim, seed=seed))[0]


def name_entities(labels: list[str], types: list[str] | None = None) -> kgwb.KnowledgeGraph:
    facts = pd.DataFrame({"head": ["0"], "relation": ["next to"], "tail": ["1"]})
    names = [str(i) for i in range(len(labels))]
    entities = pd.DataFrame({"entity": names, "label": labels, "type": types or [""] * len(labels)})
    graph = kgwb.KnowledgeGraph.from_pandas(facts, entities)
    assert set(graph.labels) == set(labels)
    return graph


def give_vectors(graph: kgwb.KnowledgeGraph, table: torch.Tensor) -> FilledVectors:
    """Vectors as any other library may have made them."""
    return FilledVectors(graph, table, torch.ones(1, 2), (), (), float("nan"))


@pytest.fixture(scope="module")
def words() -> kgwb.KnowledgeGraph:
    return name_entities(WORDS, ["even" if i % 2 else "odd" for i in range(len(WORDS))])


@pytest.fixture(scope="module")
def planted(bert, words) -> FilledVectors:
    """Vectors from which the words can be read by a rotation, but for a little noise."""
    table = read_labels(bert, words.labels).vectors @ draw_rotation(384, seed=1)
    return give_vectors(words, (3 * table + 0.01 * draw(*table.shape) + 1).float())


# ---- the fits, beside other libraries ----


@pytest.mark.parametrize(("pairs", "dim", "width"), [(40, 5, 9), (40, 9, 5), (12, 20, 6), (30, 7, 7)])
@pytest.mark.parametrize("ridge", [0.01, 1, 300.0])
def test_a_ridge_fit_is_scikit_learns(pairs, dim, width, ridge):
    inputs, targets = draw(pairs, dim) + 2, draw(pairs, width, seed=1) - 1
    judge = Ridge(alpha=ridge).fit(inputs, targets)
    mapping = fit_ridge(inputs, targets, ridge=ridge)
    np.testing.assert_allclose(mapping.weight.T, judge.coef_, atol=1e-9)
    np.testing.assert_allclose(mapping(inputs), judge.predict(inputs), atol=1e-9)


def test_the_penalty_is_the_one_that_predicts_pairs_left_out_best():
    inputs = draw(25, 6)
    targets = inputs @ draw(6, 4, seed=1) + 2 * draw(25, 4, seed=2)
    mapping = fit_ridge(inputs, targets)

    def left_out_error(ridge: float) -> float:
        rest = ~torch.eye(25, dtype=torch.bool)
        guesses = [Ridge(alpha=ridge).fit(inputs[keep], targets[keep]).predict(inputs[~keep])[0] for keep in rest]
        return float(((torch.tensor(np.array(guesses)) - targets) ** 2).sum())

    best = left_out_error(mapping.ridge)
    assert mapping.r2 == pytest.approx(1 - best / float((targets - targets.mean(0)).square().sum()))
    assert all(best <= left_out_error(mapping.ridge * factor) for factor in (10**-0.5, 10**0.5))


@pytest.mark.parametrize(("dim", "width"), [(6, 6), (4, 7), (7, 4)])
def test_procrustes_is_scipys_with_the_narrower_space_padded(dim, width):
    inputs, targets = draw(30, dim), draw(30, width, seed=1)
    inputs, targets = inputs - inputs.mean(0), targets - targets.mean(0)
    widest = max(dim, width)
    padded = [np.pad(side, ((0, 0), (0, widest - side.shape[1]))) for side in (inputs, targets)]
    moved = padded[0] @ orthogonal_procrustes(*padded)[0][:, :width]
    scale = (moved * targets.numpy()).sum() / (moved**2).sum()
    np.testing.assert_allclose(fit_procrustes(inputs, targets)(inputs), scale * moved, atol=1e-9)


@given(st.integers(2, 8), st.floats(0.1, 50), st.integers(0, 99))
def test_a_rotation_with_scale_and_shift_is_found_again_exactly(dim, scale, seed):
    inputs = draw(3 * dim, dim, seed=seed)
    rotation = draw_rotation(dim, seed)
    mapping = fit_procrustes(inputs, scale * inputs @ rotation + 7)
    torch.testing.assert_close(mapping.weight, scale * rotation, atol=1e-8, rtol=1e-8)
    torch.testing.assert_close(mapping(inputs), scale * inputs @ rotation + 7)


@given(st.integers(2, 8), st.integers(2, 8), st.integers(0, 99))
def test_any_linear_map_is_found_again_by_least_squares(dim, width, seed):
    inputs, weight = draw(4 * dim, dim, seed=seed), draw(dim, width, seed=seed + 1)
    mapping = fit_ridge(inputs, inputs @ weight + 3)
    torch.testing.assert_close(mapping(inputs), inputs @ weight + 3, atol=1e-4, rtol=1e-4)
    assert mapping.r2 > 0.9999


@given(st.integers(10, 60), st.integers(1, 40), st.integers(0, 999))
def test_of_noise_a_label_foretells_nothing(pairs, dim, seed):
    mapping = fit_ridge(draw(pairs, dim, seed=seed), draw(pairs, 50, seed=seed + 1))
    assert mapping.r2 < 0.1


@given(st.floats(0.01, 100), st.integers(0, 99))
def test_the_unit_of_the_vectors_changes_no_prediction(unit, seed):
    inputs, targets = draw(20, 6, seed=seed), draw(20, 5, seed=seed + 1)
    targets[:, :3] += inputs[:, :3]
    one, other = fit_ridge(inputs, targets), fit_ridge(unit * inputs, targets)
    torch.testing.assert_close(one(inputs), other(unit * inputs), atol=1e-6, rtol=1e-6)


def test_inputs_without_spread_predict_the_mean():
    targets = draw(8, 3)
    for fit in (fit_ridge, fit_procrustes, fit_contrastive):
        mapping = fit(torch.ones(8, 4), targets)
        torch.testing.assert_close(mapping(torch.ones(8, 4)), targets.mean(0).expand(8, 3))


def test_the_trained_map_tells_targets_apart_better_than_where_it_started():
    inputs, stretch = draw(200, 10), torch.logspace(-1, 1, 10, dtype=torch.float64)
    targets = (inputs * stretch) @ draw_rotation(10, 1)
    pairs = Pairs(torch.arange(200), inputs, torch.arange(200), targets, ("",) * 200)
    fitted = torch.arange(200) < 150
    start, trained = (pairs.fit(fit, fitted) for fit in (fit_procrustes, fit_contrastive))
    assert judge_map(trained, pairs, ~fitted).mrr > judge_map(start, pairs, ~fitted).mrr


def test_training_in_batches_repeats_with_its_seed():
    inputs, targets = draw(50, 4), draw(50, 6, seed=1)
    first, again, other = (fit_contrastive(inputs, targets, steps=5, batch=8, seed=seed).weight for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


# ---- the figures, beside other libraries ----


@given(st.integers(4, 30), st.integers(2, 12), st.integers(0, 99))
@settings(max_examples=30)
def test_r2_ranks_and_hubness_are_those_of_other_libraries(count, width, seed):
    inputs, targets = draw(count, 5, seed=seed), draw(count, width, seed=seed + 1)
    pairs = Pairs(torch.arange(count), inputs, torch.arange(count), targets, tuple(map(str, range(count))))
    rows = torch.arange(count) < count // 2
    mapping = pairs.fit(fit_procrustes, ~rows)
    quality = judge_map(mapping, pairs, rows)
    mapped = mapping(inputs[rows])
    assert quality.r2 == pytest.approx(r2_score(targets[rows], mapped, multioutput="variance_weighted"))
    cosines = cosine_similarity(mapped - mapping.offset, targets - mapping.offset)
    ranks = rankdata(-cosines.round(12), axis=1)[np.arange(len(cosines)), np.arange(count)[rows]]
    np.testing.assert_allclose(quality.ranks, ranks)
    assert quality.mrr == pytest.approx((1 / ranks).mean())
    assert quality.hits(3) == pytest.approx((ranks <= 3).mean())
    near = np.argsort(-cosines, axis=1)[:, :10]
    np.testing.assert_array_equal(quality.occurrences, np.bincount(near.ravel(), minlength=count))
    if quality.occurrences.unique().numel() > 1:
        assert quality.hubness == pytest.approx(skew(quality.occurrences.numpy()))


def test_without_any_difference_there_is_no_hub():
    quality = AlignmentQuality(0.0, torch.ones(3).double(), torch.full((4,), 2), ("a", "b", "c", "d"), 10)
    assert quality.hubness == 0
    assert repr(quality) == "R² 0.000, MRR 1.000, hits@1 1.000, hubness 0.0 over 3 pairs and 4 word vectors"


def test_the_worst_hubs_come_by_label():
    quality = AlignmentQuality(0.0, torch.ones(3).double(), torch.tensor([1, 5, 0, 5]), ("a", "b", "c", "d"), 10)
    assert quality.hubs(3).values.tolist() == [["b", 5], ["d", 5], ["a", 1]]


def test_ties_count_by_their_mean():
    inputs = torch.zeros(4, 2, dtype=torch.float64)
    pairs = Pairs(torch.arange(4), inputs, torch.arange(4), draw(4, 3), ("",) * 4)
    assert judge_map(pairs.fit(fit_ridge, inputs[:, 0] == 0), pairs, inputs[:, 0] == 0).ranks.tolist() == [2.5] * 4


# ---- the whole, on BERT's words ----


def test_a_word_vector_is_the_mean_of_the_pieces(bert):
    words = read_labels(bert, ["New York", "", "😀", "Paris [MASK]"])
    table = bert.words.weight.detach().double()
    ids = bert.tokenizer("new york", add_special_tokens=False)["input_ids"]
    torch.testing.assert_close(words.vectors[0], table[ids].mean(0))
    assert words.found.tolist() == [True, False, False, True]
    assert words.vectors[1:3].abs().max() == 0
    assert len(words.pieces[3]) == 1


@pytest.mark.parametrize("method", METHODS)
def test_what_is_there_is_found_and_its_controls_find_nothing(bert, planted, method):
    alignment = align_vectors(bert, planted, method=method)
    table = alignment.summary
    assert list(table.index) == ["real pairs", "shuffled", "shuffled within types"]
    assert table["mrr"]["real pairs"] > 0.5 > 0.3 > table["mrr"].iloc[1:].max()
    assert table["r2"]["real pairs"] > 0 > table["r2"].iloc[1:].max()


def test_a_rotation_of_word_space_is_undone(bert, words):
    vectors = read_labels(bert, words.labels).vectors
    alignment = align_vectors(bert, give_vectors(words, 5 * vectors[:, :40] + 2), method="least squares", ridge=1e-9)
    inside = vectors[alignment.fitted_on]
    torch.testing.assert_close(alignment.map(5 * inside[:, :40] + 2)[:, :40], inside[:, :40], atol=1e-6, rtol=0)


def test_types_are_a_control_of_their_own(bert, words):
    """Vectors that tell nothing but the type: shuffling within types takes nothing away."""
    kinds = torch.tensor([[kind == "odd", kind == "even"] for kind in words.entities["type"]]).float()
    table = align_vectors(bert, give_vectors(words, kinds)).summary
    assert table["r2"]["shuffled within types"] == pytest.approx(table["r2"]["real pairs"])


def test_one_type_needs_no_second_control(bert, planted):
    graph = name_entities(WORDS)
    alignment = align_vectors(bert, give_vectors(graph, planted.table), shuffles=1)
    assert list(alignment.controls) == ["shuffled"]
    assert align_vectors(bert, planted, shuffles=0).controls == {}


def test_nearest_pieces_of_a_mapped_entity(bert, planted):
    alignment = align_vectors(bert, planted, method="procrustes", shuffles=0)
    nearest = alignment.nearest_pieces("vienna", 3)
    assert list(nearest.columns) == ["piece", "cosine", "in_label"]
    assert nearest.iloc[0]["piece"] == "vienna" and nearest["in_label"].tolist() == [True, False, False]
    assert nearest["cosine"].is_monotonic_decreasing
    offset = alignment.mapping.offset.numpy()
    mapped = alignment.map(planted.table[[planted.graph.entity_id("vienna")]]).numpy() - offset
    judge = cosine_similarity(mapped, alignment.vocabulary.embeddings.numpy() - offset)[0]
    assert nearest["cosine"].to_numpy() == pytest.approx(np.sort(judge)[::-1][:3], abs=1e-5)
    everything = alignment.nearest_pieces("vienna", 10**6)
    assert not everything["piece"].str.startswith(("[unused", "[MASK]", "[CLS]")).any()


def test_entities_of_one_label_are_never_on_both_sides(bert):
    labels = [*WORDS, *(word.upper() for word in WORDS), *WORDS]
    graph = name_entities(labels)
    alignment = align_vectors(bert, give_vectors(graph, draw(len(labels), 8)), held_out=0.5, shuffles=0)
    sides = [{graph.labels[i].lower() for i in side.tolist()} for side in (alignment.fitted_on, alignment.held_out)]
    assert len(sides[0]) == len(sides[1]) == len(WORDS) // 2 and not sides[0] & sides[1]
    assert len(alignment.quality.occurrences) == len(WORDS)


def test_entities_without_a_vector_or_a_word_are_left_out_and_counted(bert, planted):
    labels = [*WORDS[:-2], "😎", "😀"]
    graph = name_entities(labels)
    table = planted.table.clone()
    table[graph.entity_id("paris")] = torch.nan
    alignment = align_vectors(bert, give_vectors(graph, table), shuffles=0)
    assert alignment.without_vector == (graph.entity_id("paris"),)
    assert {graph.labels[i] for i in alignment.without_word} == {"😎", "😀"}
    assert len(alignment.fitted_on) + len(alignment.held_out) == len(labels) - 3
    assert repr(alignment).endswith("Left out: 1 without a vector, 2 without a known word")
    with pytest.raises(
        ValueError,
        match=r"'paris' has no vector. Type kgwb.bert.align_vectors\(bert, kgwb.bert.fill_missing_vectors\(bert, ve",
    ):
        alignment.nearest_pieces("paris")


def test_a_class_can_read_it(bert, planted):
    alignment = align_vectors(bert, planted, shuffles=1)
    lines = repr(alignment).splitlines()
    assert lines[0].startswith("Alignment of 'graph' by least squares, ridge ")
    assert lines[0].endswith("384 numbers to 384, fitted on 43 entities, judged on 11 others")
    assert lines[1].split() == ["r2", "mrr", "hits@1", "hubness"]
    assert [line[:21].strip() for line in lines[2:5]] == ["real pairs", "shuffled", "shuffled within types"]
    assert lines[5].startswith("Words near to most of the 11: ")


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_one_alignment_and_nothing_is_touched(bert, planted, method):
    before, embeddings = planted.table.clone(), bert.words.weight.detach().clone()
    random = torch.random.get_rng_state()
    first, again = (align_vectors(bert, planted, method=method, seed=3, shuffles=1) for _ in range(2))
    assert torch.equal(first.mapping.weight, again.mapping.weight)
    assert first.summary.equals(again.summary)
    assert not torch.equal(first.held_out, align_vectors(bert, planted, method=method, seed=4, shuffles=0).held_out)
    assert torch.equal(planted.table, before) and torch.equal(bert.words.weight, embeddings)
    assert torch.equal(torch.random.get_rng_state(), random)
    with pytest.raises(AttributeError):
        first.method = "other"


def test_mapping_keeps_the_type_and_takes_one_vector(bert, planted):
    alignment = align_vectors(bert, planted, shuffles=0)
    assert isinstance(alignment, Alignment)
    assert alignment.map(planted.table).dtype == torch.float32
    torch.testing.assert_close(alignment.map(planted.table[0]), alignment.map(planted.table)[0])


def test_vectors_of_another_embedding(bert, planted):
    with pytest.raises(ValueError, match=r"Vectors of 5 numbers came; this alignment maps 384. Type alignment.map\("):
        align_vectors(bert, planted, shuffles=0).map(torch.ones(2, 5))


def test_a_method_that_there_is_not():
    with pytest.raises(ValueError, match=r"method='magic' came. Type one of 'least squares', 'procrustes', 'trained'"):
        choose_fit("magic", {}, seed=0)


@pytest.mark.parametrize(
    ("method", "option", "text"),
    [
        ("procrustes", "ridge", r"ridge=1 came for method='procrustes', which takes no options."),
        ("least squares", "steps", r"steps=1 came for method='least squares', which takes ridge."),
        ("trained", "ridge", r"ridge=1 .* takes steps, learning_rate, temperature, batch."),
    ],
)
def test_an_option_of_another_method(bert, planted, method, option, text):
    with pytest.raises(TypeError, match=text):
        align_vectors(bert, planted, method=method, **{option: 1})


@pytest.mark.parametrize("share", [0.0, 1, 0.001, 0.999, -0.5])
def test_a_share_that_leaves_nobody_on_one_side(bert, planted, share):
    with pytest.raises(
        ValueError, match=rf"held_out={share} came for 54 different labels. It must leave at least 2 of"
    ):
        align_vectors(bert, planted, held_out=share)


def test_numbers_that_cannot_be(bert, planted):
    with pytest.raises(ValueError, match=r"ridge=-1 came. It must be at least 0"):
        align_vectors(bert, planted, ridge=-1)
    with pytest.raises(ValueError, match=r"shuffles=-1 came. It must be at least 0; type shuffles=0"):
        align_vectors(bert, planted, shuffles=-1)
    with pytest.raises(ValueError, match=r"k=0 came. It must be at least 1; type k=1"):
        align_vectors(bert, planted, shuffles=0).nearest_pieces("paris", 0)


def test_vectors_that_were_never_trained(bert, words):
    vectors = kgwb.GraphEmbedding(words, kgwb.ComplEx(), dim=8)
    with pytest.raises(
        ValueError,
        match=r"Of the 54 entities of 'graph' 0 have a vector and 0 of these a label that BERT knows a piece of. "
        r"Expected at least 4. Train the vectors first: for epoch in kgwb.train_embedding\(vectors, split\)",
    ):
        align_vectors(bert, vectors)


def test_labels_that_bert_does_not_know(bert):
    graph = name_entities(["😀"] * 6)
    with pytest.raises(ValueError, match=r"6 have a vector and 0 of these a label.*Give the entities labels in a lang"):
        align_vectors(bert, give_vectors(graph, draw(6, 3)))
