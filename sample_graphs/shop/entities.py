"""Who and what there is in the shop: customers, items, orders and what describes them, with the numbers of the items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import names
from chance import between, deal, noise, pick, shuffle

OPENED, DAYS, NEW_FROM = date(2024, 1, 1), 730, date(2025, 10, 1)
CUSTOMERS, ORDERS = 300, 60
LARGE, SMALL, LARGE_CATEGORIES = 17, 16, 10  # items of a category
NEW, LATER, REPLACED = 2, 20, 6  # new items of a category; items launched between; items that were replaced
STYLES = ("plain", "rustic", "playful", "sleek", "retro", "floral")  # no file of the graph tells an item's style
NO_MATERIAL, NO_WEIGHT, NO_WARRANTY = 8, 10, 20  # items of which this is not known
TWINS = (("kettles", "quenvast", "lorvatch"), ("pens", "zellimar", "corrindle"))
SUITED = {
    "kitchen": "cooking hosting gifts camping picnics",
    "living": "reading hosting gifts studying",
    "outdoors": "camping hiking commuting travel picnics",
    "desk": "studying reading commuting travel gifts",
}


@dataclass
class Entity:
    """One row of entities.tsv; `parts` are what facts and purchases are made by, and are not written."""

    name: str
    label: str
    label_zh: str
    type: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)


Groups = dict[str, list[Entity]]


def make_entities(random: Random) -> Groups:
    """Every entity, with what its facts will be; purchases come later."""
    found = {
        "category": _list(
            "category", {key: row[:2] for key, row in names.CATEGORIES.items()}, "What items are sorted by"
        ),
        "department": _list("department", names.DEPARTMENTS, "A part of the shop"),
        "brand": _list("brand", names.BRANDS, "Whose name an item bears"),
        "material": _list("material", names.MATERIALS, "What items are made of"),
        "care": _list("care", names.CARE, "How a material is kept clean"),
        "color": _list("color", names.COLORS, "What an item looks like"),
        "activity": _list("activity", names.ACTIVITIES, "What items are for"),
        "supplier": _list("supplier", names.SUPPLIERS, "From whom the shop buys"),
        "city": _list("city", names.CITIES, "An invented city"),
        "status": _list("status", names.STATUSES, "How far an order has come"),
        "policy": _list("policy", names.POLICIES, "Whether and how long an item may be returned"),
        "item": make_items(random),
    }
    found["customer"] = [
        Entity(f"c{number:03}", f"customer {number:03}", f"顾客{number:03}", "customer", "Customer")
        for number in range(1, CUSTOMERS + 1)
    ]
    found["order"] = [_order(48000 + 37 * number) for number in range(1, ORDERS + 1)]
    return found


def _list(kind: str, rows: Mapping[str, tuple], description: str) -> list[Entity]:
    """Entities whose names are given; of four columns the third holds further names."""
    aliases = {key: row[2] if len(row) > 2 else () for key, row in rows.items()}
    return [Entity(key, row[0], row[1], kind, description, aliases[key]) for key, row in rows.items()]


def _order(number: int) -> Entity:
    return Entity(f"order_{number}", f"order {number}", f"订单{number}", "order", "Order", (str(number),))


def make_items(random: Random) -> list[Entity]:
    """The range of the shop: what each item is made of, who makes it, when it came, what it costs."""
    items = [item for number, key in enumerate(names.CATEGORIES) for item in _name_items(random, number, key)]
    _make_twins(items)
    for facet, values in (("brand", names.BRANDS), ("color", names.COLORS), ("style", dict.fromkeys(STYLES))):
        for name, value in deal(random, [item.name for item in items], list(values)).items():
            next(item for item in items if item.name == name).parts.setdefault(facet, value)
    for item in items:
        _draw(random, item)
    _launch(random, items)
    _forget(random, items)
    return sorted(items, key=lambda item: item.name)


def _name_items(random: Random, number: int, key: str) -> Iterator[Entity]:
    count = LARGE if number < LARGE_CATEGORIES else SMALL
    nouns = [noun.split("=") for noun in names.CATEGORIES[key][3]]
    for position, model in enumerate(shuffle(random, list(names.MODELS))[:count]):
        english, chinese = nouns[position % len(nouns)]
        code, label, label_zh = f"A{100 + number}{10 + position}", f"{model} {english}", names.MODELS[model] + chinese
        yield Entity(code, label, label_zh, "item", english.capitalize(), (code,), {}, {"category": key})


def _make_twins(items: list[Entity]) -> None:
    """In two categories the first item has the name of the second, from another brand."""
    for key, *brands in TWINS:
        first, second, *_ = (item for item in items if item.parts["category"] == key)
        first.label, first.label_zh = second.label, second.label_zh
        for item, brand in zip((first, second), brands, strict=True):
            item.parts |= {"brand": brand, "twin": "yes"}


def _draw(random: Random, item: Entity) -> None:
    _, _, department, _, materials, grams, yuan = names.CATEGORIES[item.parts["category"]]
    chosen, suited = shuffle(random, materials.split()), shuffle(random, SUITED[department].split())
    item.parts["materials"] = " ".join(chosen[: 1 + (random.random() < 0.3)])
    item.parts["activities"] = " ".join(suited[: 1 + (random.random() < 0.4)])
    item.parts["appeal"] = f"{noise(random):.1f}"
    stock = 0 if random.random() < 0.15 else int(between(random, 1, 60))
    price, weight = round(yuan * between(random, 0.6, 1.6)), round(grams * between(random, 0.7, 1.4))
    warranty = pick(random, ("6", "12", "24", "36"))
    item.numbers |= {"price": str(price), "weight": str(weight), "stock": str(stock), "warranty": warranty}


def _launch(random: Random, items: list[Entity]) -> None:
    """Two items of each category are new, some came between; six replace an item of their brand and material."""
    old: list[Entity] = []
    for key in names.CATEGORIES:
        of_category = [item for item in items if item.parts["category"] == key]
        for item in of_category[-NEW:]:
            item.numbers["launched"] = str(NEW_FROM + timedelta(int(random.random() * 45)))
        old += of_category[:-NEW]
    single = [item for item in old if "twin" not in item.parts]
    later, kept = shuffle(random, single)[:LATER], {item.name for item in old}
    for item in later:
        item.numbers["launched"] = str(OPENED + timedelta(int(between(random, 90, 600))))
    for item in old:
        item.numbers.setdefault("launched", str(OPENED - timedelta(int(between(random, 1, 700)))))
    new = [item for item in items if item.name not in kept]
    successors = shuffle(random, new)[: REPLACED // 2] + later[: REPLACED - REPLACED // 2]
    for successor in successors:
        _replace(random, successor, [item for item in single if item not in later and "successor" not in item.parts])


def _replace(random: Random, successor: Entity, possible: list[Entity]) -> None:
    """A predecessor that sold for long leaves the day its successor comes, which is of its brand, material and use."""
    kin = [item for item in possible if item.description == successor.description]
    former = pick(random, kin)
    former.parts |= {"successor": successor.name, "ended": successor.numbers["launched"]}
    former.numbers["stock"] = "0"
    successor.parts |= {facet: former.parts[facet] for facet in ("brand", "materials", "activities")}


def _forget(random: Random, items: list[Entity]) -> None:
    """Of some items a fact is missing; one item will please no customer at all."""
    plain = [item for item in items if not {"successor", "twin"} & set(item.parts)]
    plain = [item for item in shuffle(random, plain) if item.numbers["launched"] < str(OPENED)]
    for item in plain[:NO_MATERIAL]:
        item.parts["materials"] = ""
    for item in plain[NO_MATERIAL : NO_MATERIAL + NO_WEIGHT]:
        item.numbers["weight"] = ""
    for item in plain[NO_MATERIAL + NO_WEIGHT :][:NO_WARRANTY]:
        item.numbers["warranty"] = ""
    plain[-1].parts["appeal"] = "-9.0"
