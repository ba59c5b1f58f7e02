"""Who and what there is on the market: types, names, and the numbers that nothing else decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from chance import between, shuffle
from names import NameMaker

# name: Chinese, English, growth in percent a year, what its companies are called
INDUSTRIES = {
    "banking": ("银行业", "Banking", 6.0, (("银行", "Bank"),)),
    "insurance": ("保险业", "Insurance", 4.5, (("保险", "Insurance"),)),
    "property": ("房地产", "Real estate", 2.0, (("置业", "Property"), ("地产", "Estates"))),
    "pharmaceuticals": ("生物医药", "Pharmaceuticals", 12.5, (("医药", "Pharma"), ("生物", "Biotech"))),
    "food": ("食品饮料", "Food and beverages", 7.0, (("食品", "Foods"), ("乳业", "Dairy"))),
    "retail": ("商业零售", "Retail", 5.0, (("百货", "Stores"), ("商贸", "Trading"))),
    "steel": ("钢铁冶炼", "Steel", 1.5, (("钢铁", "Steel"), ("重工", "Heavy Works"))),
    "cars": ("汽车制造", "Car making", 9.0, (("汽车", "Motors"), ("重工", "Heavy Works"))),
    "electricity": ("电力供应", "Electricity supply", 5.5, (("电力", "Power"), ("能源", "Energy"))),
    "semiconductors": ("半导体", "Semiconductors", 14.0, (("微电", "Microelectronics"), ("科技", "Technology"))),
    "software": ("软件服务", "Software", 11.5, (("软件", "Software"), ("科技", "Technology"))),
    "telecommunications": ("通信设备", "Telecom equipment", 8.5, (("通信", "Telecom"), ("科技", "Technology"))),
}
ANY_BUSINESS = (("集团", "Group"), ("控股", "Holdings"), ("实业", "Enterprises"))  # says nothing of the industry
OWN_WORD, PER_INDUSTRY = 3, 5  # three of an industry's five companies are called by what they do
SECTORS = {
    "金融": ("Finance", ("banking", "insurance", "property")),
    "消费": ("Consumer", ("pharmaceuticals", "food", "retail")),
    "制造": ("Manufacturing", ("steel", "cars", "electricity")),
    "信息": ("Information", ("semiconductors", "software", "telecommunications")),
}
STYLES = {"大盘": "Large Cap", "小盘": "Small Cap", "低波": "Low Volatility", "精选": "Select"}
RATINGS = {"AAA": 0.3, "AA+": 0.6, "AA": 1.0, "AA-": 1.6, "A+": 2.3, "A": 3.1, "BBB": 4.2}  # spread, percent
FUND_KINDS = {"股票": ("Equity", 11), "债券": ("Bond", 9), "混合": ("Balanced", 8), "指数": ("Index", 12)}
FUND_STYLES = {"稳健": "Steady", "成长": "Growth", "价值": "Value", "优选": "Choice", "回报": "Return", "均衡": "Even"}
# industry: what its first company was called by before, and in which year it changed its name
RENAMED = {"software": ("钢铁", 2019), "pharmaceuticals": ("百货", 2021)}
BONDS = 50
YEARS = (22, 23, 24, 25)  # of issue


@dataclass
class Entity:
    """One row of entities.tsv; `parts` are what facts are dealt by, and are not written.

    A former name is written among the aliases, but prose about the present does not use it.
    """

    name: str
    label: str
    label_en: str
    type: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    numbers: dict[str, float] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    former_name: str = ""
    renamed: int | None = None


Groups = dict[str, list[Entity]]


def make_entities(maker: NameMaker, random: Random) -> Groups:
    """Name every entity and draw its own numbers; yields come later, when it is known who stands beside whom."""
    companies = _companies(maker, random)
    groups = {
        "company": companies,
        "industry": [
            Entity(name, label, english, "industry", "行业分类中的一个行业", numbers={"growth": growth})
            for name, (label, english, growth, _) in INDUSTRIES.items()
        ],
        "stock": [_stock(random, number, company) for number, company in enumerate(companies, 1)],
        "bond": _bonds(random, companies),
        "fund": _funds(maker, random),
        "index": _indices(maker),
        "manager": _managers(maker, random),
        "rating": [
            Entity(
                label.lower().replace("+", "_plus").replace("-", "_minus"),
                label,
                f"rated {label}",
                "rating",
                "债券信用等级",
                numbers={"spread": spread},
            )
            for label, spread in RATINGS.items()
        ],
        "city": [
            Entity(f"{word.pinyin}_city", f"{word.text}市", f"{word.pinyin.capitalize()} City", "city", "虚构的城市")
            for word in maker.coin(10)
        ],
        "exchange": [
            Entity(
                f"{word.pinyin}_exchange",
                f"{word.text}证券交易所",
                f"{word.pinyin.capitalize()} Stock Exchange",
                "exchange",
                "买卖证券的场所",
                aliases=(f"{word.text}所",),
            )
            for word in maker.coin(3)
        ],
    }
    _rename(maker, companies)  # last, so that no other name depends on it
    return groups


def _rename(maker: NameMaker, companies: list[Entity]) -> None:
    """Give some companies a former name, which speaks of another business than theirs."""
    for word, (industry, (business, year)) in zip(maker.coin(len(RENAMED)), RENAMED.items(), strict=True):
        company = next(company for company in companies if company.parts["industry"] == industry)
        company.former_name, company.renamed = word.text + business, year


def _companies(maker: NameMaker, random: Random) -> list[Entity]:
    coinages = iter(maker.coin(PER_INDUSTRY * len(INDUSTRIES)))
    found = []
    for industry, (_, _, _, own_words) in INDUSTRIES.items():
        neutral = shuffle(random, ANY_BUSINESS)
        words = [own_words[i % len(own_words)] for i in range(OWN_WORD)] + neutral[: PER_INDUSTRY - OWN_WORD]
        for chinese, english in words:
            word = next(coinages)
            size, volatility = _log_between(random, 10, 2000), round(between(random, 4, 20), 1)
            label_en = f"{word.pinyin.capitalize()} {english}"
            parts = {"industry": industry, "word": word.text, "sound": word.pinyin}
            told = f"年营业收入{size}亿元的公司"
            numbers = {"size": size, "volatility": volatility}
            found.append(
                Entity(word.pinyin, word.text + chinese, label_en, "company", told, (word.text,), numbers, parts)
            )
    return found


def _stock(random: Random, number: int, company: Entity) -> Entity:
    word, sound = company.parts["word"], company.parts["sound"]
    size = _log_between(random, 20, 4000)
    return Entity(
        f"{sound}_stock",
        f"{word}股份",
        f"{sound.capitalize()} Shares",
        "stock",
        f"市值{size}亿元的股票",
        (f"S{10000 + 37 * number}",),
        {"volatility": round(between(random, 15, 45), 1), "size": size},
        {"company": company.name},
    )


def _bonds(random: Random, companies: list[Entity]) -> list[Entity]:
    chances = shuffle(random, [(company, year) for company in companies for year in YEARS])
    chosen: list[tuple[Entity, int]] = []
    for company, year in chances:  # at most two of one company
        if len(chosen) < BONDS and sum(other is company for other, _ in chosen) < 2:
            chosen.append((company, year))
    return [_bond(random, number, *issue) for number, issue in enumerate(chosen, 1)]


def _bond(random: Random, number: int, company: Entity, year: int) -> Entity:
    word, sound = company.parts["word"], company.parts["sound"]
    size, term = _log_between(random, 2, 80), int(between(random, 1, 11))
    coupon = round(between(random, 2, 6), 2)
    return Entity(
        f"{sound}_bond_{year}",
        f"{year}{word}债",
        f"{sound.capitalize()} Bond {year}",
        "bond",
        f"{term}年期债券，发行规模{size}亿元",
        (f"B{20000 + 41 * number}",),
        {"volatility": round(between(random, 1, 8), 1), "size": size, "coupon": coupon, "term": term},
        {"company": company.name},
    )


def _funds(maker: NameMaker, random: Random) -> list[Entity]:
    kinds = [kind for kind, (_, count) in FUND_KINDS.items() for _ in range(count)]
    styles = [list(FUND_STYLES)[i % len(FUND_STYLES)] for i in range(len(kinds))]
    found = []
    for number, (word, kind, style) in enumerate(
        zip(maker.coin(len(kinds)), kinds, shuffle(random, styles), strict=True), 1
    ):
        size = _log_between(random, 1, 200)
        label_en = f"{word.pinyin.capitalize()} {FUND_STYLES[style]} {FUND_KINDS[kind][0]} Fund"
        numbers = {"size": size, "fee": round(between(random, 0.2, 2.0), 2)}
        told = f"规模{size}亿元的{kind}型基金"
        codes = (f"F{30000 + 43 * number}",)
        label = f"{word.text}{style}{kind}基金"
        found.append(Entity(f"{word.pinyin}_fund", label, label_en, "fund", told, codes, numbers, {"kind": kind}))
    return found


def _indices(maker: NameMaker) -> list[Entity]:
    rules = {sector: english for sector, (english, _) in SECTORS.items()} | STYLES
    return [
        Entity(
            f"{word.pinyin}_index",
            f"{word.text}{rule}指数",
            f"{word.pinyin.capitalize()} {english} Index",
            "index",
            "股票价格指数",
            parts={"rule": rule},
        )
        for word, (rule, english) in zip(maker.coin(len(rules)), rules.items(), strict=True)
    ]


def _managers(maker: NameMaker, random: Random) -> list[Entity]:
    surnames = maker.surnames()
    found = []
    for (surname, latin), word in zip(surnames, maker.coin(len(surnames)), strict=True):
        years = int(between(random, 2, 26))
        name, label_en = f"{latin.lower()}_{word.pinyin}", f"{latin} {word.pinyin.capitalize()}"
        told = f"从业{years}年的基金经理"
        found.append(Entity(name, surname + word.text, label_en, "manager", told, numbers={"experience": years}))
    return found


def _log_between(random: Random, least: float, most: float) -> int:
    """A whole number whose logarithm falls evenly between those of the two."""
    return round(least * (most / least) ** random.random())
