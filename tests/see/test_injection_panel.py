"""A door by hand: the gate acts on the forward pass alone, answers are those of the model, and the Python gives the same."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.graph import KnowledgeGraph
from kgwb.see import InjectionPanel, open_gate
from kgwb.see.workbench.asked_sentence import ask_sentence, compare_answers, describe_candidates
from kgwb.see.workbench.control_panel import describe_error
from kgwb.see.workbench.door_trial import MODES

TEXT = "Ada, speaks, [MASK]."


@pytest.fixture(scope="module")
def vectors() -> kgwb.GraphEmbedding:
    people = ("Ada", "Bo", "Cy", "Dan", "Eve", "Flo", "Gus", "Hal")
    rows = [(person, "speaks", ("Ket", "Sol")[i % 2]) for i, person in enumerate(people)]
    rows += [(person, "knows", people[i - 1]) for i, person in enumerate(people)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="people")
    return kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)


@pytest.fixture(scope="module")
def bert() -> Bert:
    return kgwb.load_bert()


@pytest.fixture(scope="module")
def panel(bert: Bert, vectors: kgwb.GraphEmbedding) -> InjectionPanel:
    """A panel whose entity door was tuned for a few steps, ended by Stop."""
    panel = InjectionPanel(bert, vectors)
    panel.door.value = "entity"
    panel._curve.open = _stop_soon(panel, panel._curve.open)  # type: ignore[method-assign]
    panel.tune_now()
    return panel


def _stop_soon(panel, opened):  # type: ignore[no-untyped-def]
    def open_and_stop(*given, **options):  # type: ignore[no-untyped-def]
        opened(*given, **options)
        panel.stop()

    return open_and_stop


@pytest.fixture(params=MODES)
def fresh(request: pytest.FixtureRequest, bert: Bert, vectors: kgwb.GraphEmbedding) -> Iterator[Bert]:
    """Each door, with gates that stand open differently far, as training leaves them."""
    model = kgwb.inject(bert, vectors, mode=request.param)
    assert model.injector is not None
    with torch.no_grad():
        for i, (name, value) in enumerate(model.injector.named_parameters()):
            if name.endswith("alpha"):
                value.fill_(0.3 - 0.05 * (i % 3))
    yield model


def test_a_gate_closed_by_hand_is_the_door_off_and_one_as_it_learnt_is_the_model(fresh: Bert) -> None:
    texts = encode_sentences(
        fresh, ["Ada knows Bo.", "Cy speaks Ket."], mentions=_find(fresh, ["Ada knows Bo.", "Cy speaks Ket."])
    )
    assert fresh.injector is not None
    learnt = fresh.injector.gate
    with torch.no_grad():
        whole = fresh.in_mode(training=False)(texts).last_hidden_state
        with fresh.injector.off():
            plain = fresh.in_mode(training=False)(texts).last_hidden_state
        closed, same = open_gate(fresh, 0)(texts).last_hidden_state, open_gate(fresh, learnt)(texts).last_hidden_state
        wide = open_gate(fresh, 1.0)(texts).last_hidden_state
    assert torch.equal(closed, plain) and torch.equal(same, whole)
    on_answers_alone = fresh.injector.mode == "pointer"
    assert wide.isfinite().all() and torch.equal(wide, plain) == on_answers_alone
    assert fresh.injector.gate == learnt  # the model itself stays as it is


def test_gates_keep_their_proportions(fresh: Bert) -> None:
    before = _list_factors(fresh)
    after = _list_factors(open_gate(fresh, 0.9))
    assert after.abs().max() == pytest.approx(0.9, abs=1e-6)
    assert after / after.abs().max() == pytest.approx((before / before.abs().max()), abs=1e-5)


def _list_factors(model: Bert) -> torch.Tensor:
    assert model.injector is not None
    alphas = [value for name, value in model.injector.named_parameters() if name.endswith("alpha")]
    return torch.stack(alphas).detach().tanh()


def _find(bert: Bert, texts: list[str]) -> list:
    assert bert.injector is not None
    return kgwb.find_mentions(texts, bert.injector.graph, bert.tokenizer)


def test_a_door_is_tuned_stopped_and_measured(panel: InjectionPanel) -> None:
    assert panel.message == "" and len(panel.trial.steps["entity", None]) == 1
    right = kgwb.learn.answer_questions(panel.model, panel.trial.unseen)["correct"].mean()
    assert panel.trial.measure("entity")[1] == pytest.approx(right)
    assert f"with the door {right:.0%}" in panel._reached.value
    assert panel.tuning is not None and panel.tuning.stopped


def test_its_python_gives_the_same_model(panel: InjectionPanel, vectors: kgwb.GraphEmbedding) -> None:
    space: dict[str, object] = {"kgwb": kgwb, "graph": vectors.graph, "vectors": vectors}
    panel.sentence.value = TEXT
    panel.wait()
    exec(panel._write_code(), space)
    comparison = panel.comparison
    assert comparison is not None and "islice(" in panel._write_code()
    assert torch.equal(space["after"].hidden, comparison.after.hidden)  # type: ignore[attr-defined]


def test_the_slider_acts_at_once_and_its_python_says_so(panel: InjectionPanel) -> None:
    panel.sentence.value = TEXT
    panel.wait()
    learnt = panel.frame.set_index("answer")["after"]
    panel.gate.value = 1.0
    assert panel.wait(60.0) and panel.comparison is not None and panel.view is not None
    wide = panel.frame.set_index("answer")["after"]
    assert abs(wide - learnt).max() > 0
    assert torch.equal(panel.view.readings[1].hidden, panel.comparison.after.hidden)
    assert panel.comparison.text == TEXT and "kgwb.see.open_gate(model, 1)" in panel._write_code()
    panel.gate.value = round(panel.model.injector.gate, 2)  # type: ignore[union-attr]
    assert panel.wait(60.0)
    assert panel.frame.set_index("answer")["after"].to_dict() == learnt.to_dict()


def test_answers_are_those_of_the_questions(panel: InjectionPanel, bert: Bert) -> None:
    questions = ask_sentence(TEXT, panel.trial.graph, bert)
    assert questions is not None and set(questions[0].names) == {"Ket", "Sol"}
    found = compare_answers(bert, panel.model, questions).set_index("answer")
    right = panel.trial.graph.labels[questions[0].answer]
    for column, model in (("before", bert), ("after", panel.model)):
        assert found.loc[right, column] == pytest.approx(
            kgwb.learn.answer_questions(model, questions)["probability"][0], abs=1e-6
        )
    assert found[["before", "after"]].sum().to_numpy() == pytest.approx([1.0, 1.0], abs=1e-6)
    assert found.loc["Ket", "known"] and not found.loc["Sol", "known"]
    assert describe_candidates(questions) == "2 candidates: whatever is a tail of “speaks”"


def test_a_sentence_without_a_relation_is_asked_over_all_and_one_without_a_mask_is_read(
    panel: InjectionPanel, bert: Bert
) -> None:
    questions = ask_sentence("Ada saw [MASK].", panel.trial.graph, bert)
    assert questions is not None and len(questions[0].candidates) == len(panel.trial.graph.entities)
    assert ask_sentence("Ada saw Bo.", panel.trial.graph, bert) is None
    comparison = panel.trial.compare("Ada saw Bo.", "entity")
    assert not len(comparison.answers) and comparison.after.tokens == comparison.before.tokens


def test_what_cannot_be_asked_is_told_in_words(panel: InjectionPanel, bert: Bert) -> None:
    panel.sentence.value = "[MASK] knows [MASK]."
    panel.wait()
    assert panel.message == "'[MASK] knows [MASK].' holds 2 masks. Expected one; leave one [MASK] in it."
    panel.sentence.value = "  "
    panel.wait()
    assert panel.message == "The sentence is empty. Type one, with [MASK] where the answer should stand."
    panel.door.value = "graph"
    assert panel.gate.disabled and "This door is not tuned yet: press Tune" in panel._learnt.value
    with pytest.raises(ValueError, match=r"The door 'graph' is not tuned yet\. Press Tune, or type panel\.tune\(\)"):
        _ = panel.model
    panel.door.value = "entity"
    assert not panel.gate.disabled
    with pytest.raises(ValueError, match=r"has no door\. Type kgwb\.see\.open_gate\(kgwb\.inject"):
        open_gate(bert, 0.5)
    with pytest.raises(ValueError, match="openness=2 came"):
        open_gate(panel.model, 2)


def test_errors_of_others_are_named_by_their_kind() -> None:
    assert describe_error(KeyError("a")) == "KeyError: a"
    assert describe_error(ValueError("two\nlines")) == "two lines"
    assert describe_error(OSError()) == "OSError"
