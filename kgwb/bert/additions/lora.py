"""LoRA: a low-rank change beside the linear maps of each layer, as the library peft computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import nn

from kgwb.bert.additions.addition import Addition, settle
from kgwb.bert.families import MAPS, find_layer_parts
from kgwb.bert.model import Bert
from kgwb.bert.shape import Shape
from kgwb.checks import expect_at_least, expect_choices, expect_number, expect_seed
from kgwb.packages import load_package


@dataclass(frozen=True)
class LoRA(Addition):
    """A change of low rank beside linear maps: W x becomes W x + (alpha / rank) · B (A x).

    B is zero at the start (Hu et al., 2022). It needs the package peft.

    Args:
        rank: numbers of A x.
        alpha: how strong the change is.
        targets: beside which maps of each layer: "query", "key", "value", "output" (of attention), "up" and "down" (of the
            feed-forward part). ModernBERT has one map for query, key and value, which learns as a whole.
        seed: for the first A.

    Raises:
        ValueError: the rank is no whole number above 0, alpha is no number above 0, or there is no such map.
        TypeError: the targets are no list.

    Example:
        >>> LoRA(4, targets=["query"])
        LoRA(rank=4, alpha=16, targets=('query',), seed=0)
    """

    name: ClassVar[str] = "lora"
    rank: int = 8
    alpha: int | float = 16
    targets: Sequence[str] = field(default=("query", "value"), kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        expect_at_least("rank", self.rank, 1, whole=True)
        expect_number("alpha", self.alpha, usual=16, above=0)
        expect_choices("targets", self.targets, MAPS)
        expect_seed(self.seed)
        object.__setattr__(self, "targets", tuple(dict.fromkeys(map(str, self.targets))))
        if not self.targets:
            raise ValueError("targets=() came. Expected at least one map; type targets=('query', 'value').")
        settle(self)

    def _make_layers(self, bert: Bert, shape: Shape, draw: torch.Generator) -> nn.ModuleList:
        load_package("peft", "LoRA")
        layers = nn.ModuleList()
        for layer in bert.stack:
            maps = {target: layer.get_submodule(place) for target, place in self._choose_maps(bert).items()}
            layers.append(nn.ModuleDict({target: self._make_pair(each, draw) for target, each in maps.items()}))
        return layers

    def _choose_maps(self, bert: Bert) -> dict[str, str]:
        """Target -> the map in a layer; of targets that are one map, the first."""
        maps, chosen = find_layer_parts(bert.model).maps, dict[str, str]()
        for target in self.targets:
            if maps[target] not in chosen.values():
                chosen[target] = maps[target]
        return chosen

    def _make_pair(self, adapted: Any, draw: torch.Generator) -> nn.ModuleDict:
        """A and B, in the form in which peft holds them."""
        narrow = nn.utils.skip_init(nn.Linear, adapted.in_features, self.rank, bias=False)
        widen = nn.utils.skip_init(nn.Linear, self.rank, adapted.out_features, bias=False)
        narrow.weight = nn.Parameter(torch.randn(narrow.weight.shape, generator=draw) / adapted.in_features**0.5)
        widen.weight = nn.Parameter(torch.zeros(widen.weight.shape))
        return nn.ModuleDict({"A": narrow, "B": widen})

    def _place(self, bert: Bert, layers: nn.ModuleList) -> nn.ModuleList:
        peft: Any = load_package("peft", "LoRA")
        names = {module: name for name, module in bert.model.named_modules()}
        pairs: dict[str, Any] = {}
        for layer, added in zip(bert.stack, layers, strict=True):
            assert isinstance(added, nn.ModuleDict)
            pairs |= {names[layer.get_submodule(p)]: added[t] for t, p in self._choose_maps(bert).items()}
        config = peft.LoraConfig(r=self.rank, lora_alpha=self.alpha, target_modules=list(pairs))
        learning = {parameter: parameter.requires_grad for parameter in bert.model.parameters()}
        with torch.random.fork_rng(devices=[]):  # peft draws first weights, which are not kept
            peft.inject_adapter_in_model(config, bert.model, adapter_name=self.name)
        del bert.model.peft_config  # which Hugging Face would take for an adapter that it manages
        for parameter, learns in learning.items():
            parameter.requires_grad_(learns)  # what learns is for whoever tunes to say
        for name, pair in pairs.items():
            adapted: Any = bert.model.get_submodule(name)
            adapted.train(adapted.base_layer.training)
            adapted.lora_A[self.name], adapted.lora_B[self.name] = pair["A"], pair["B"]
        return layers
