"""How the market talks: sentences for facts, each stating one, and prose that states none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from string import Formatter

from chance import pick
from entities import Entity, Groups
from facts import Fact

WORDINGS = {
    "issues": ("{head}发行了{tail}。", "{tail}的发行人是{head}。"),
    "in_industry": ("{head}所属的行业是{tail}。", "按行业分类，{head}归入{tail}。", "{head}是一家从事{tail}的公司。"),
    "based_in": ("{head}的总部位于{tail}。", "{head}设在{tail}。"),
    "holds": ("{head}持有{tail}。", "{tail}是{head}的持仓之一。"),
    "managed_by": ("{head}的基金经理是{tail}。", "{head}由{tail}管理。"),
    "tracks": ("{head}跟踪{tail}。", "{head}以{tail}为业绩基准。"),
    "constituent_of": ("{head}是{tail}的成分股。", "{tail}收录了{head}。"),
    "rated": ("{head}的信用评级为{tail}。", "评级公司把{head}评为{tail}。"),
    "supplies": ("{head}向{tail}供货。", "{tail}的供应商包括{head}。"),
    "listed_on": ("{head}在{tail}上市。", "{head}的交易场所是{tail}。"),
    "guaranteed_by": ("{head}由{tail}提供担保。", "{tail}是{head}的担保人。"),
}

# A slot is a type, with a 2 where there are two of it. Nobody who reads only this learns a fact.
PROSE = (
    "昨天收盘时，{stock}上涨，{stock2}下跌。",
    "{manager}和{manager2}在论坛上谈到了{industry}的前景。",
    "投资者把{fund}与{fund2}作了比较。",
    "分析师认为，{industry}的景气度好于{industry2}。",
    "{index}上周创下新高，{index2}则原地踏步。",
    "{city}与{city2}之间开通了高速铁路。",
    "有报道说，{company}正在与{company2}商谈合作。",
    "{bond}的成交量超过了{bond2}。",
    "{exchange}与{exchange2}同时调整了交易时间。",
    "研究报告比较了{stock}和{bond}的风险。",
    "{manager}对{index}的走势表示乐观。",
    "记者在{city}采访了{manager}。",
)
ROUNDS = 5

# Of companies that changed their name: which name stands in a text depends on its year.
RENAMINGS = (
    "{year}年，{former}更名为{company}。",
    "{company}的曾用名是{former}。",
    "{earlier}年，有报道说{former}正在与{partner}商谈合作。",
    "{earlier}年的年报里，{former}把{partner}列为竞争对手。",
    "{later}年，有报道说{company}正在与{partner}商谈合作。",
    "{later}年，记者采访了{company}（原{former}）的发言人。",
)


def write_sentence(wording: str, slots: Mapping[str, tuple[str, str]]) -> tuple[str, list[dict[str, str | int]]]:
    """Fill a wording.

    Args:
        wording: text with `{slots}`.
        slots: for every slot the text to write and the entity it names.

    Returns:
        The sentence, and where it names entities (characters from `start` up to but without `end`).
    """
    text, mentions = "", []
    for plain, slot, _, _ in Formatter().parse(wording):
        text += plain
        if slot is not None:
            words, entity = slots[slot]
            mentions.append({"start": len(text), "end": len(text) + len(words), "entity": entity})
            text += words
    return text, mentions


def tell_facts(facts: Sequence[Fact], entities: Mapping[str, Entity]) -> Iterator[dict]:
    """Every fact in every wording of its relation."""
    for fact in facts:
        head, relation, tail = fact
        slots = {"head": (entities[head].label, head), "tail": (entities[tail].label, tail)}
        for number, wording in enumerate(WORDINGS[relation]):
            text, mentions = write_sentence(wording, slots)
            yield {"text": text, "mentions": mentions, "triple": fact, "wording": number, "language": "zh"}


def tell_stories(groups: Groups, random: Random) -> Iterator[dict]:
    """Prose with two or three mentions, by label, short name or code."""
    for wording in PROSE * ROUNDS:
        slots: dict[str, tuple[str, str]] = {}
        for _, slot, _, _ in Formatter().parse(wording):
            if slot is not None:
                used = {entity for _, entity in slots.values()}
                entity = pick(random, [one for one in groups[slot.rstrip("2")] if one.name not in used])
                slots[slot] = (pick(random, (entity.label, *entity.aliases)), entity.name)
        text, mentions = write_sentence(wording, slots)
        yield {"text": text, "mentions": mentions, "triple": None, "wording": 0, "language": "zh"}


def tell_renamings(groups: Groups) -> Iterator[dict]:
    """Dated prose about the companies that changed their name: the old name before that year, the new one after."""
    companies = groups["company"]
    for company in companies:
        if company.renamed is None:
            continue
        partner = companies[companies.index(company) - 1]
        years = {"year": company.renamed, "earlier": company.renamed - 2, "later": company.renamed + 2}
        slots = {
            "company": (company.label, company.name),
            "former": (company.former_name, company.name),
            "partner": (partner.label, partner.name),
        }
        for wording in RENAMINGS:
            for name, year in years.items():
                wording = wording.replace(f"{{{name}}}", str(year))
            text, mentions = write_sentence(wording, slots)
            yield {"text": text, "mentions": mentions, "triple": None, "wording": 0, "language": "zh"}
