"""Names for an invented market: two characters that make no word, with their pinyin."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from chance import pick, shuffle

PINYIN = dict(
    pair.split("=")
    for pair in """
    岚=lan 朔=shuo 汀=ting 霁=ji 砚=yan 棠=tang 珩=heng 澍=shu 翊=yi 沅=yuan 泓=hong 昱=yu 璟=jing 樾=yue 峤=qiao 槿=jin
    苒=ran 溪=xi 笙=sheng 筠=yun 翎=ling 骁=xiao 骞=qian 鲲=kun 鹭=lu 鸢=yuan 黛=dai 玥=yue 珂=ke 玟=wen 琮=cong 瑾=jin
    璞=pu 砺=li 祁=qi 稷=ji 竺=zhu 绎=yi 芃=peng 茗=ming 荃=quan 蓁=zhen 衍=yan 迢=tiao
    镝=di 阙=que 霖=lin 飏=yang 黎=li 钰=yu 沐=mu 弋=yi 苓=ling 荇=xing 旻=min 舸=ge 潆=ying 翾=xuan 苡=yi 珞=luo
    """.split()
)
SURNAMES = dict(
    pair.split("=")
    for pair in """
    方=Fang 丁=Ding 邓=Deng 冯=Feng 郭=Guo 韩=Han 何=He 胡=Hu 蒋=Jiang 孔=Kong 梁=Liang 吕=Lyu 马=Ma 潘=Pan 秦=Qin
    任=Ren 宋=Song 孙=Sun 谭=Tan 汪=Wang 吴=Wu 谢=Xie 徐=Xu 姚=Yao 郑=Zheng
    """.split()
)


@dataclass(frozen=True)
class Coinage:
    """Two characters and how they sound."""

    text: str
    pinyin: str


class NameMaker:
    """Coins pairs of characters; no pair, no pair turned round and no sound comes twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def coin(self, count: int) -> list[Coinage]:
        """So many new pairs."""
        made: list[Coinage] = []
        while len(made) < count:
            first, second = pick(self._random, tuple(PINYIN)), pick(self._random, tuple(PINYIN))
            text, sound = first + second, PINYIN[first] + PINYIN[second]
            new = self._taken.isdisjoint((text, second + first, sound)) and PINYIN[first] != PINYIN[second]
            if new:
                self._taken |= {text, sound}
                made.append(Coinage(text, sound))
        return made

    def surnames(self) -> list[tuple[str, str]]:
        """All surnames, Chinese and Latin, in a random order."""
        return shuffle(self._random, tuple(SURNAMES.items()))
