"""The facts of the shop: of items, of what describes them, of customers and of orders."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import names
from chance import deal, pick, shuffle
from entities import Entity, Groups

Fact = tuple[str, str, str]

# name: label, label in Chinese, description, wordings and wordings in Chinese
RELATIONS = {
    "in_category": (
        "in category", "所属品类", "What an item is sorted under",
        ("The {head} is sorted under {tail}.", "Look for the {head} under {tail}."),
        ("{head}归在{tail}一类。", "在{tail}里可以找到{head}。"),
    ),
    "made_by": (
        "made by", "品牌", "The brand of an item",
        ("The {head} is made by {tail}.", "The brand of the {head} is {tail}."),
        ("{head}的品牌是{tail}。", "{head}由{tail}出品。"),
    ),
    "made_of": (
        "made of", "材质", "A material of an item",
        ("The {head} is made of {tail}.", "The material of the {head} is {tail}."),
        ("{head}的材质是{tail}。", "{head}用{tail}制成。"),
    ),
    "has_color": (
        "has color", "颜色", "The color in which an item is sold",
        ("The {head} comes in {tail}.", "We sell the {head} in {tail}."),
        ("{head}的颜色是{tail}。", "{head}只有{tail}款。"),
    ),
    "suited_for": (
        "suited for", "适合场景", "What an item is good for",
        ("The {head} is good for {tail}.", "Think of the {head} for {tail}."),
        ("{head}适合{tail}。", "{head}很适合{tail}时用。"),
    ),
    "fits": (
        "fits", "适配", "An accessory and the item it fits; the list is complete",
        ("The {head} fits the {tail}.", "One accessory of the {tail} is the {head}."),
        ("{head}适用于{tail}。", "{tail}可以配{head}。"),
    ),
    "replaced_by": (
        "replaced by", "替代款", "What is sold in place of an item that is no longer made",
        ("The {head} has been replaced by the {tail}.", "In place of the {head} we now sell the {tail}."),
        ("{head}已经停产，由{tail}代替。", "{tail}是{head}的替代款。"),
    ),
    "supplied_by": (
        "supplied by", "供货商", "From whom the shop buys a brand",
        ("{head} is supplied by {tail}.", "We buy {head} from {tail}."),
        ("{head}由{tail}供货。", "{head}的供货商是{tail}。"),
    ),
    "based_in": (
        "based in", "所在地", "The city of a brand or supplier",
        ("{head} is based in {tail}.", "The home of {head} is {tail}."),
        ("{head}位于{tail}。", "{head}的总部在{tail}。"),
    ),
    "part_of": (
        "part of", "所属部门", "The department of a category",
        ("The {tail} sells {head}.", "Ask for {head} in the {tail}."),
        ("{head}归{tail}管。", "{tail}负责{head}。"),
    ),
    "return_within": (
        "return within", "退货规则", "Whether and how long items of a category may be returned",
        ("The rule for returning {head} is: {tail}.", "When you return {head}, this holds: {tail}."),
        ("{head}的退货规则是{tail}。", "按规定，{head}{tail}。"),
    ),
    "cared_for_by": (
        "cared for by", "保养方法", "How a material is kept clean",
        ("What {head} needs is {tail}.", "For {head} we advise {tail}."),
        ("{head}的保养方法是{tail}。", "{head}要这样保养：{tail}。"),
    ),
    "contains": (
        "contains", "包含商品", "An item of an order",
        ("Among the items of {head} is the {tail}.", "The {tail} was ordered with {head}."),
        ("{head}里有{tail}。", "{head}包含{tail}。"),
    ),
    "has_status": (
        "has status", "订单状态", "How far an order has come",
        ("The status of {head} is: {tail}.", "Right now {head} is {tail}."),
        ("{head}的状态是{tail}。", "{head}目前{tail}。"),
    ),
    "lives_in": (
        "lives in", "居住地", "The city of a customer; it says nothing about what is bought",
        ("Our {head} lives in {tail}.", "The parcels of {head} go to {tail}."),
        ("{head}住在{tail}。", "{head}的收货地是{tail}。"),
    ),
    "interested_in": (
        "interested in", "兴趣", "What a customer has told the shop to like",
        ("Our {head} likes {tail}.", "One interest of {head} is {tail}."),
        ("{head}的兴趣是{tail}。", "{head}喜欢{tail}。"),
    ),
}  # fmt: skip


def make_facts(groups: Groups, random: Random) -> list[Fact]:
    """Every fact, sorted; what an item is comes from its own row, the rest is drawn here."""
    keys = {kind: [entity.name for entity in group] for kind, group in groups.items()}
    facts = [
        *(fact for item in groups["item"] for fact in _describe(item)),
        *_accessories(random, groups["item"]),
        *_told("supplied_by", deal(random, keys["brand"], keys["supplier"])),
        *_told("based_in", deal(random, keys["brand"] + keys["supplier"], keys["city"])),
        *((key, "part_of", row[2]) for key, row in names.CATEGORIES.items()),
        *((key, "cared_for_by", row[3]) for key, row in names.MATERIALS.items()),
        *_told("return_within", deal(random, keys["category"], keys["policy"])),
        *_told("lives_in", deal(random, keys["customer"], keys["city"])),
        *(
            (each.name, "interested_in", liked)
            for each in groups["customer"]
            for liked in each.parts["activity"].split()
        ),
        *_told("has_status", deal(random, keys["order"], keys["status"])),
        *_order(random, keys["order"], groups["item"]),
    ]
    return sorted(facts)


def _told(relation: str, deals: dict[str, str]) -> list[Fact]:
    return [(head, relation, tail) for head, tail in deals.items()]


def _describe(item: Entity) -> Iterator[Fact]:
    yield item.name, "in_category", item.parts["category"]
    yield item.name, "made_by", item.parts["brand"]
    yield item.name, "has_color", item.parts["color"]
    yield from ((item.name, "made_of", material) for material in item.parts["materials"].split())
    yield from ((item.name, "suited_for", activity) for activity in item.parts["activities"].split())
    if "successor" in item.parts:
        yield item.name, "replaced_by", item.parts["successor"]


def _accessories(random: Random, items: list[Entity]) -> Iterator[Fact]:
    """Every accessory fits one to three items of the category it is for."""
    for key, wanted in names.FITS.items():
        of_category = [item.name for item in items if item.parts["category"] == wanted]
        for accessory in items:
            if accessory.parts["category"] == key:
                for item in shuffle(random, of_category)[: pick(random, (1, 2, 3))]:
                    yield accessory.name, "fits", item


def _order(random: Random, orders: list[str], items: list[Entity]) -> Iterator[Fact]:
    on_sale = [item.name for item in items if "successor" not in item.parts]
    for order in orders:
        for item in shuffle(random, on_sale)[: pick(random, (1, 1, 2))]:
            yield order, "contains", item
