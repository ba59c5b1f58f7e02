"""What notebook 05 lends its learners: measurements that agree with slower ones, and checks that see a wrong answer."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

import kgwb
from kgwb.lessons import how_bert_reads, word_senses

FACTS = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ket"), ("Di", "speaks", "Sol")]


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


@pytest.fixture(scope="module")
def bert() -> kgwb.bert.Bert:
    return kgwb.load_bert("minilm")


@pytest.fixture(scope="module")
def questions() -> kgwb.learn.Questions:
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))
    ids = graph.entity_id
    sentences = [
        kgwb.graph.Sentence(
            f"{head} speaks {tail}.",
            (
                kgwb.graph.Mention(0, len(head), ids(head), head),
                kgwb.graph.Mention(len(head) + 8, len(head) + 8 + len(tail), ids(tail), tail),
            ),
            (ids(head), 0, ids(tail)),
        )
        for head, _, tail in FACTS
    ]
    return kgwb.make_questions(sentences, graph)


def _make_reading(attention: torch.Tensor, hidden: torch.Tensor, *tokens: tuple[str, ...]) -> kgwb.bert.Reading:
    return kgwb.bert.Reading(
        sentences=tuple(" ".join(each) for each in tokens),
        tokens=tokens,
        mentions=((),) * len(tokens),
        attention=attention,
        hidden=hidden,
        injected=tuple((False,) * len(each) for each in tokens),
    )


def test_pieces_that_stay_apart_are_not_words_yet() -> None:
    verdict = how_bert_reads.check_join_pieces(lambda tokens: tokens[1:-1])
    assert "expected  ['akish', 'speaks']" in repr(verdict)


def test_what_a_piece_gives_itself_or_the_next_is_not_what_it_gives_back() -> None:
    assert "expected  0.5" in repr(how_bert_reads.check_share_back(lambda weights: float(weights.diagonal().mean())))
    assert not how_bert_reads.check_share_back(lambda weights: float(weights.diagonal(1).mean())).passed


def test_a_head_is_shared_out_over_its_places() -> None:
    weights = torch.tensor([0.1, 0.2, 0.3, 0.15, 0.05, 0.2]).expand(6, 6)
    padded = torch.zeros(2, 1, 1, 7, 7)
    padded[0, 0, 0, :6, :6] = weights  # [CLS] a b c d [SEP]: b and c do
    padded[1, 0, 0, :4, :4] = 0.25  # [CLS] a b [SEP]: neither has two neighbours
    tokens = ("[CLS]", "a", "b", "c", "d", "[SEP]")
    shares = how_bert_reads.summarise_heads(
        _make_reading(padded, torch.zeros(2, 2, 7, 4), tokens, ("[CLS]", "a", "b", "[SEP]"))
    )
    expected = {
        "the piece before": (0.2 + 0.3) / 2,
        "itself": (0.3 + 0.15) / 2,
        "the piece after": (0.15 + 0.05) / 2,
        "[CLS]": 0.1,
        "[SEP]": 0.2,
    }
    for place, share in expected.items():
        assert shares.loc[(0, 0), place] == pytest.approx(share)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


def test_short_sentences_have_no_neighbours(bert: kgwb.bert.Bert) -> None:
    with pytest.raises(ValueError, match=r"No sentence has three word pieces between \[CLS\] and \[SEP\]"):
        how_bert_reads.summarise_heads(kgwb.read(bert, "Paris."))


def test_every_head_is_drawn_to_its_full_width(bert: kgwb.bert.Bert) -> None:
    picture = how_bert_reads.draw_heads(
        how_bert_reads.summarise_heads(kgwb.read(bert, "Paris is the capital of France."))
    )
    assert repr(picture).startswith("Picture: where each of 6 × 12 heads looks; on the average the piece before 0.")
    bars = [
        float(each.get("width", 0)) for each in ElementTree.fromstring(picture.svg).iter() if each.get("height") == "18"
    ]
    assert len(bars) == 6 * 12 * len(how_bert_reads.PLACES)
    drawn = np.array(bars).reshape(72, -1).sum(1)
    np.testing.assert_allclose(drawn, drawn[0], atol=0.4)  # each of six is rounded to a tenth


def test_words_in_one_piece_are_counted_by_type(bert: kgwb.bert.Bert) -> None:
    entities = pd.DataFrame(
        {"entity": ["a", "b", "c"], "label": ["Paris Vevau", "Vevau", "France"], "type": ["town", "town", "country"]}
    )
    facts = pd.DataFrame([("a", "in", "c"), ("b", "in", "c")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts, entities)
    shares = how_bert_reads.share_whole_words(bert, [graph, graph], types=["town", "country"])
    assert shares.to_dict() == {"town (n = 4)": 0.25, "country (n = 2)": 1}
    assert list(shares) == [0.25, 1]


def test_pieces_are_compared_one_by_one(bert: kgwb.bert.Bert) -> None:
    texts = ["Paris is the capital of France.", "The Danube flows past Vienna slowly.", "Snow fell on the hills again."]
    reading = kgwb.read(bert, texts)
    table = how_bert_reads.compare_pieces(reading)
    for layer in range(7):
        vectors = reading.hidden[:, layer].numpy()
        pairs = [
            (row, other, 1 + i, 4 + j)
            for row in range(3)
            for other in (row, row - 1)
            for i in range(3)
            for j in range(3)
        ]
        cosines = [float(cosine_similarity(vectors[a, [i]], vectors[b, [j]])[0, 0]) for a, b, i, j in pairs]
        one = np.mean([cosine for cosine, (a, b, *_) in zip(cosines, pairs, strict=True) if a == b])
        two = np.mean([cosine for cosine, (a, b, *_) in zip(cosines, pairs, strict=True) if a != b])
        marks = cosine_similarity(vectors[:, 0])[np.triu_indices(3, 1)].mean()
        assert table.loc[f"layer {layer}"].tolist() == pytest.approx([one, two, marks], abs=1e-5)


def test_senses_that_are_two_directions_part_and_others_do_not() -> None:
    directions = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    hidden = torch.stack([torch.ones(4, 2), directions], 1)[:, :, None].expand(4, 2, 3, 2)
    reading = _make_reading(torch.zeros(4, 1, 1, 3, 3), hidden, *[("[CLS]", "bank", "[SEP]")] * 4)
    table = word_senses.compare_senses(reading, "bank", ["river", "river", "money", "money"])
    assert table.loc["layer 0", ["same", "other", "difference"]].tolist() == pytest.approx([1, 1, 0], abs=1e-6)
    assert table.loc["layer 1", ["same", "other", "difference"]].tolist() == pytest.approx([1, 0, 1], abs=1e-6)
    assert table.loc["layer 0", "permuted"] == pytest.approx(0, abs=1e-6)


def test_a_word_in_pieces_is_refused(bert: kgwb.bert.Bert) -> None:
    with pytest.raises(ValueError, match=r"has no word piece 'vevau' but '\[CLS\] ve ##va ##u"):
        word_senses.compare_senses(kgwb.read(bert, "Vevau."), "vevau", ["one"])


def test_every_use_is_a_sentence_with_its_word_and_a_wording_of_its_own(bert: kgwb.bert.Bert) -> None:
    uses = word_senses.list_word_senses()
    assert set(uses.groupby(["word", "sense"]).size()) == {6}
    assert uses["sentence"].is_unique
    for word, sentence in zip(uses["word"], uses["sentence"], strict=True):
        assert bert.tokenizer.tokenize(sentence).count(word) == 1, sentence


def test_votes_of_neighbours_are_those_of_another_library(
    bert: kgwb.bert.Bert, questions: kgwb.learn.Questions
) -> None:
    shares = how_bert_reads.classify_masks(bert, questions, neighbours=1)
    reading = kgwb.read(bert, [question.text for question in questions])
    answers = [question.answer for question in questions]
    judge = KNeighborsClassifier(1, metric="cosine")
    for layer in range(7):
        vectors = [reading.hidden[i, layer, tokens.index("[MASK]")] for i, tokens in enumerate(reading.tokens)]
        voted = cross_val_predict(judge, torch.stack(vectors).numpy(), answers, cv=LeaveOneOut())
        if layer:  # before any context all four are one vector, and ties may fall either way
            assert shares[f"layer {layer}"] == pytest.approx(np.mean(voted == answers))
    assert shares["the most frequent"] == 0.5


def test_a_vote_needs_others(bert: kgwb.bert.Bert, questions: kgwb.learn.Questions) -> None:
    with pytest.raises(ValueError, match=r"4 questions came for votes of 5 others\. .*neighbours=3\."):
        how_bert_reads.classify_masks(bert, questions)


def test_leaving_a_piece_out_is_reading_the_sentence_without_it(
    bert: kgwb.bert.Bert, questions: kgwb.learn.Questions
) -> None:
    table = how_bert_reads.measure_pieces(bert, kgwb.graph.Sentence(questions[0].text, questions[0].mentions))
    assert table["piece"].tolist() == ["[CLS]", "a name", "speaks", ".", "[SEP]"]
    whole, holed = (kgwb.read(bert, text) for text in ("Ada speaks [MASK].", "Ada [UNK] [MASK]."))
    before, after = whole.hidden[0, -1, 3], holed.hidden[0, -1, 3]
    row = table[table["piece"] == "speaks"].iloc[0]
    assert row["effect"] == pytest.approx(float((after - before).norm() / before.norm()), abs=1e-5)
    assert row["attention"] == pytest.approx(float(whole.attention[0, :, :, 3, 2].mean()), abs=1e-6)


def test_positions_are_shuffled_in_a_copy(bert: kgwb.bert.Bert) -> None:
    shuffled = how_bert_reads.shuffle_positions(bert, seed=1)
    ours, theirs = (each.model.base_model.embeddings.position_embeddings.weight for each in (bert, shuffled))
    assert not torch.equal(ours, theirs)
    assert torch.equal(ours.sort(0).values, theirs.sort(0).values)
    assert torch.equal(bert.words.weight, shuffled.words.weight)
    again = how_bert_reads.shuffle_positions(bert, seed=1).model.base_model.embeddings.position_embeddings.weight
    assert torch.equal(theirs, again)


def test_random_sentences_are_of_words_that_are_one_piece(bert: kgwb.bert.Bert) -> None:
    [sentence] = how_bert_reads.make_random_sentences(bert, ["The Danube flows past Vienna."])
    assert len(bert.tokenizer.tokenize(sentence)) == len(sentence.split()) == 5
