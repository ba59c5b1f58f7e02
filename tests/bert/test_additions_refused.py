"""What no addition can be made of is named, with what to type."""

from __future__ import annotations

import re
import sys

import pytest

import kgwb
from kgwb.bert import Adapter, Experts, LoRA, Prefix, extend


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: LoRA(0), "rank=0 came. It must be at least 1; type rank=1."),
        (lambda: LoRA(alpha=0), "alpha=0 came. It must be a number above 0; type alpha=16."),
        (
            lambda: LoRA(targets=["queries"]),
            "targets='queries' came. Type one of 'query', 'key', 'value', 'output', 'up'",
        ),
        (lambda: LoRA(targets=[]), "targets=() came. Expected at least one map; type targets=('query', 'value')."),
        (lambda: LoRA(seed=-1), "seed=-1 came. It must be a whole number"),
        (lambda: Adapter(0), "width=0 came. It must be at least 1; type width=1."),
        (lambda: Prefix(0), "length=0 came. It must be at least 1; type length=1."),
        (lambda: Experts(1), "count=1 came. It must be at least 2; type count=2."),
        (lambda: Experts(width=0), "width=0 came. It must be at least 1; type width=1."),
    ],
)
def test_a_size_that_cannot_be_is_named(make, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        make()


@pytest.mark.parametrize("targets", ["query"])
def test_a_word_is_no_list_of_targets(targets):
    with pytest.raises(TypeError, match=r"A list was expected, but the text 'query' came\."):
        LoRA(targets=targets)


@pytest.mark.parametrize("addition", [LoRA(), Adapter(), Prefix(), Experts()], ids=lambda each: each.name)
def test_a_second_one_of_a_kind_is_refused(bert, addition):
    model = extend(bert, addition)
    made = re.escape(repr(addition))
    with pytest.raises(
        ValueError,
        match=rf"'minilm/{addition.name}' already has {made}.* Extend the model without it; type kgwb\.bert\.extend\(",
    ):
        addition.attach(model)
    with pytest.raises(ValueError, match=rf"'minilm' has no {addition.name}\. Type kgwb\.bert\.extend\(bert, {made}\)"):
        addition.parameters_of(bert)


@pytest.mark.parametrize("addition", [LoRA(2**46), Adapter(2**46), Prefix(2**46), Experts(width=2**46)])
def test_what_memory_cannot_hold_is_refused_before_anything_is_changed(bert, addition):
    with pytest.raises(
        MemoryError, match=rf"{2**46}.* came, which takes more memory than there is\. Type less, as kgwb"
    ):
        addition.attach(bert)
    assert not bert.additions and "lora" not in repr(bert)


def test_without_peft_the_install_line_is_given(bert, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ImportError, match=r"LoRA needs peft, which is not installed\. Type: pip install peft"):
        extend(bert, LoRA())
    assert extend(bert, Adapter()).additions and not bert.additions


def test_a_saved_lora_needs_it_too(bert, monkeypatch, tmp_path):
    folder = extend(bert, LoRA()).save(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(kgwb.bert.model.BertLoadError, match=r"LoRA needs peft.*Type: pip install peft"):
        kgwb.load_bert(folder)
