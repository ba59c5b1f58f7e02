"""The facts of the market: who issues, holds, supplies and guarantees what."""

from __future__ import annotations

from collections import Counter
from random import Random

from chance import deal, noise, shuffle
from entities import SECTORS, Entity, Groups

Fact = tuple[str, str, str]
HOLDINGS, INDEX_SIZE, SELECTED, GUARANTEED = 8, 15, 20, 20

# name: Chinese label, English label, description
RELATIONS = {
    "issues": ("发行", "issues", "公司发行的股票或债券"),
    "in_industry": ("所属行业", "in industry", "公司所属的行业"),
    "based_in": ("总部位于", "based in", "公司或交易所所在的城市"),
    "holds": ("持有", "holds", "基金持有的股票或债券"),
    "managed_by": ("基金经理", "managed by", "管理基金的人"),
    "tracks": ("跟踪", "tracks", "指数型基金跟踪的指数"),
    "constituent_of": ("入选", "constituent of", "收录该股票的指数"),
    "rated": ("信用评级", "rated", "债券的信用等级"),
    "supplies": ("供货", "supplies", "一家公司向另一家公司供货"),
    "listed_on": ("上市于", "listed on", "股票或债券上市的交易所"),
    "guaranteed_by": ("担保人", "guaranteed by", "为债券提供担保的公司"),
}


def make_facts(groups: Groups, random: Random) -> list[Fact]:
    """Deal out every fact; none of them looks at a number but the ratings and three of the indices."""
    names = {kind: [entity.name for entity in group] for kind, group in groups.items()}
    members = _constituents(random, groups)
    facts = [
        *((each.parts["company"], "issues", each.name) for kind in ("stock", "bond") for each in groups[kind]),
        *((each.name, "in_industry", each.parts["industry"]) for each in groups["company"]),
        *_told("based_in", deal(random, names["company"], names["city"])),
        *_told("based_in", deal(random, names["exchange"], names["city"])),
        *_told("listed_on", deal(random, names["stock"] + names["bond"], names["exchange"])),
        *_told("managed_by", deal(random, names["fund"], names["manager"])),
        *((stock, "constituent_of", index) for index, stocks in members.items() for stock in stocks),
        *_told("rated", _ratings(random, groups)),
        *_supplies(random, names["company"]),
        *_guarantees(random, groups),
        *_funds(random, groups, members),
    ]
    return sorted(facts)


def _told(relation: str, deals: dict[str, str]) -> list[Fact]:
    return [(head, relation, tail) for head, tail in deals.items()]


def _constituents(random: Random, groups: Groups) -> dict[str, list[str]]:
    """Four indices of sectors, one each of the largest, the smallest, the calmest stocks, and one drawn blindly."""
    stocks = groups["stock"]
    industry = {company.name: company.parts["industry"] for company in groups["company"]}
    by_size = sorted(stocks, key=lambda stock: (stock.numbers["size"], stock.name))
    rules = {
        "大盘": by_size[-INDEX_SIZE:],
        "小盘": by_size[:INDEX_SIZE],
        "低波": sorted(stocks, key=lambda stock: (stock.numbers["volatility"], stock.name))[:INDEX_SIZE],
        "精选": shuffle(random, stocks)[:SELECTED],
    }
    for sector, (_, industries) in SECTORS.items():
        rules[sector] = [stock for stock in stocks if industry[stock.parts["company"]] in industries]
    return {index.name: [stock.name for stock in rules[index.parts["rule"]]] for index in groups["index"]}


def _ratings(random: Random, groups: Groups) -> dict[str, str]:
    """Bonds of larger issuers are rated better, more or less; all ratings are about equally frequent."""
    size = {company.name: company.numbers["size"] for company in groups["company"]}
    rank = {name: place / len(size) for place, name in enumerate(sorted(size, key=lambda each: (-size[each], each)))}
    order = sorted(groups["bond"], key=lambda bond: rank[bond.parts["company"]] + 0.3 * noise(random))
    count = len(groups["rating"])
    return {bond.name: groups["rating"][place * count // len(order)].name for place, bond in enumerate(order)}


def _supplies(random: Random, companies: list[str]) -> list[Fact]:
    """Every company has a supplier, every second one a further; nobody supplies itself or its supplier."""
    pairs: list[tuple[str, str]] = []
    customers = companies + shuffle(random, companies)[: len(companies) // 2]
    delivered: Counter[str] = Counter()
    for customer in customers:
        free = [one for one in companies if one != customer and not {(one, customer), (customer, one)} & set(pairs)]
        supplier = min(shuffle(random, free), key=delivered.__getitem__)
        delivered[supplier] += 1
        pairs.append((supplier, customer))
    return [(supplier, "supplies", customer) for supplier, customer in pairs]


def _guarantees(random: Random, groups: Groups) -> list[Fact]:
    companies = [company.name for company in groups["company"]]
    facts = []
    for bond in shuffle(random, groups["bond"])[:GUARANTEED]:
        guarantor = next(one for one in shuffle(random, companies) if one != bond.parts["company"])
        facts.append((bond.name, "guaranteed_by", guarantor))
    return facts


def _funds(random: Random, groups: Groups, members: dict[str, list[str]]) -> list[Fact]:
    """What each fund holds; an index fund holds only what stands in its index."""
    followers = [fund.name for fund in groups["fund"] if fund.parts["kind"] == "指数"]
    tracked = deal(random, followers, list(members))
    stocks, bonds = ([each.name for each in groups[kind]] for kind in ("stock", "bond"))
    facts = _told("tracks", tracked)
    for fund in groups["fund"]:
        chosen = _choose(random, fund, stocks, bonds, members.get(tracked.get(fund.name, ""), []))
        facts += [(fund.name, "holds", security) for security in chosen]
    return facts


def _choose(random: Random, fund: Entity, stocks: list[str], bonds: list[str], members: list[str]) -> list[str]:
    kind = fund.parts["kind"]
    if kind == "混合":
        half = HOLDINGS // 2
        return shuffle(random, stocks)[:half] + shuffle(random, bonds)[:half]
    return shuffle(random, {"股票": stocks, "债券": bonds, "指数": members}[kind])[:HOLDINGS]
