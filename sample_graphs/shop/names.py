"""The words the shop is made of: every name in English and in Chinese. Brands, towns and suppliers are invented."""

from __future__ import annotations

# Words that an item is called by, before the noun that says what it is.
MODELS = dict(
    pair.split("=")
    for pair in """
    Lark=云雀 Cedar=雪松 Comet=彗星 Harbor=港湾 Maple=枫叶 Heron=苍鹭 Dune=沙丘 Ember=余烬 Juniper=杜松
    Lagoon=泻湖 Meadow=草甸 Nimbus=雨云 Orchid=幽兰 Pebble=卵石 Quartz=石英 Raven=渡鸦 Summit=峰顶 Thistle=蓟花
    Willow=垂柳 Zephyr=微风 Aster=紫菀 Beacon=灯塔 Delta=河洲 Echo=回声 Falcon=游隼 Glacier=冰川 Hazel=榛果
    Ivy=青藤 Jasmine=茉莉 Lotus=莲花 Marlin=旗鱼 Nova=新星 Prairie=草原 Robin=知更 Sierra=山脊 Tundra=苔原
    """.split()
)

# name: English label, Chinese label, department, nouns (English, Chinese), materials, what it may be for, grams, yuan
CATEGORIES = {
    "kettles": ("kettles", "煮水器具", "kitchen", ("kettle=水壶",), "steel aluminum glass ceramic", 1200, 260),
    "pans": ("pans", "锅具", "kitchen", ("frying pan=煎锅", "saucepan=汤锅"), "steel aluminum iron ceramic", 1900, 320),
    "knives": (
        "kitchen knives",
        "刀具",
        "kitchen",
        ("chef's knife=主厨刀", "bread knife=面包刀"),
        "steel ceramic oak",
        260,
        240,
    ),
    "mugs": (
        "mugs and tumblers",
        "杯具",
        "kitchen",
        ("mug=马克杯", "tumbler=随行杯"),
        "steel glass ceramic bamboo",
        340,
        70,
    ),
    "coffee_makers": (
        "coffee makers",
        "咖啡器具",
        "kitchen",
        ("coffee maker=咖啡机",),
        "steel aluminum glass",
        2600,
        690,
    ),
    "filters": (
        "coffee filters",
        "咖啡耗材",
        "kitchen",
        ("coffee filter=咖啡滤网",),
        "steel nylon cotton linen",
        60,
        45,
    ),
    "lamps": (
        "lamps",
        "灯具",
        "living",
        ("desk lamp=台灯", "floor lamp=落地灯"),
        "steel aluminum glass oak bamboo",
        2100,
        350,
    ),
    "shades": ("lamp accessories", "灯饰配件", "living", ("lampshade=灯罩",), "glass bamboo cotton linen", 420, 120),
    "blankets": ("blankets and throws", "毯类", "living", ("blanket=盖毯",), "cotton wool linen", 1400, 280),
    "cushions": ("cushions", "软装靠垫", "living", ("cushion=靠枕",), "cotton wool linen leather", 520, 110),
    "backpacks": (
        "backpacks",
        "箱包",
        "outdoors",
        ("backpack=背包", "daypack=双肩包"),
        "nylon cotton leather linen",
        980,
        420,
    ),
    "rain_covers": ("rain gear", "防雨用品", "outdoors", ("rain cover=防雨罩",), "nylon cotton", 150, 60),
    "tents": ("tents", "野外装备", "outdoors", ("tent=帐篷",), "nylon cotton aluminum", 3300, 1150),
    "pens": ("writing instruments", "书写工具", "desk", ("fountain pen=钢笔",), "steel aluminum oak bamboo", 34, 190),
    "pen_cases": ("desk storage", "文具收纳", "desk", ("pen case=笔袋",), "leather cotton linen wool nylon", 90, 85),
}
FITS = {"filters": "coffee_makers", "shades": "lamps", "rain_covers": "backpacks", "pen_cases": "pens"}
DEPARTMENTS = {
    "kitchen": ("kitchenware department", "厨房部"),
    "living": ("living room department", "客厅部"),
    "outdoors": ("outdoor department", "户外部"),
    "desk": ("stationery department", "文具部"),
}
# name: English, Chinese, further names, how it is cared for
MATERIALS = {
    "steel": ("stainless steel", "不锈钢", ("inox",), "dishwasher"),
    "aluminum": ("aluminum", "铝合金", ("aluminium",), "hand_wash"),
    "iron": ("cast iron", "铸铁", (), "oiling"),
    "glass": ("glass", "玻璃", (), "dishwasher"),
    "ceramic": ("ceramic", "陶瓷", ("stoneware",), "dishwasher"),
    "oak": ("oak", "橡木", ("oak wood",), "oiling"),
    "bamboo": ("bamboo", "竹材", (), "wiping"),
    "cotton": ("cotton", "纯棉", (), "machine_wash"),
    "wool": ("wool", "羊毛", (), "hand_wash"),
    "linen": ("linen", "亚麻布", ("flax", "亚麻"), "machine_wash"),
    "nylon": ("nylon", "尼龙", ("polyamide", "锦纶"), "wiping"),
    "leather": ("leather", "牛皮", (), "wiping"),
}
CARE = {
    "dishwasher": ("cleaning in the dishwasher", "洗碗机清洗"),
    "hand_wash": ("washing by hand", "手洗"),
    "machine_wash": ("machine washing at 30 degrees", "30度机洗"),
    "wiping": ("wiping with a damp cloth", "湿布擦拭"),
    "oiling": ("wiping and oiling twice a year", "擦净并每年上油两次"),
}
COLORS = {
    "black": ("black", "黑色"),
    "white": ("white", "白色"),
    "gray": ("gray", "灰色"),
    "red": ("red", "红色"),
    "navy": ("navy blue", "藏青色"),
    "green": ("forest green", "墨绿色"),
    "yellow": ("mustard yellow", "姜黄色"),
    "natural": ("its natural color", "本色"),
}
ACTIVITIES = {
    "camping": ("camping", "露营"),
    "hiking": ("hiking", "徒步"),
    "commuting": ("commuting", "通勤"),
    "picnics": ("picnics", "野餐"),
    "cooking": ("everyday cooking", "日常下厨"),
    "hosting": ("having guests", "招待客人"),
    "reading": ("evening reading", "夜读"),
    "studying": ("studying", "学习"),
    "gifts": ("giving as a present", "送礼"),
    "travel": ("long journeys", "长途旅行"),
}
# A shorter name for some; that of the last is a name of a material too, in both languages.
BRANDS = {
    "quenvast": ("Quenvast", "昆瓦斯特", ()),
    "ordrelle": ("Ordrelle", "奥德雷拉", ()),
    "mistavane": ("Mistavane Home", "米斯塔文家居", ("Mistavane", "米斯塔文")),
    "tolbrask": ("Tolbrask", "托布拉斯克", ()),
    "fenlorrow": ("Fenlorrow", "芬洛罗", ()),
    "harquist": ("Harquist Works", "哈奎斯特工坊", ("Harquist", "哈奎斯特")),
    "zellimar": ("Zellimar", "泽利马尔", ()),
    "ubrisk": ("Ubrisk", "乌布里斯克", ()),
    "pellowent": ("Pellowent", "佩洛文特", ()),
    "drastovel": ("Drastovel", "德拉斯托韦", ()),
    "jundrake": ("Jundrake Outfitters", "君德雷克装备", ("Jundrake", "君德雷克")),
    "wexomere": ("Wexomere", "韦克索米尔", ()),
    "lorvatch": ("Lorvatch", "洛瓦奇", ()),
    "ginnarow": ("Ginnarow", "金纳罗", ()),
    "skellard": ("Skellard", "斯凯拉德", ()),
    "nimbrook": ("Nimbrook", "尼姆布鲁", ()),
    "yorvessa": ("Yorvessa Studio", "约维萨工作室", ("Yorvessa", "约维萨")),
    "corrindle": ("Corrindle", "科林德尔", ()),
    "vaskerby": ("Vaskerby", "瓦斯克比", ()),
    "flaxholm": ("Flaxholm", "亚麻小筑", ("Flax", "亚麻")),
}
SUPPLIERS = {
    "grenmoss": ("Grenmoss Wholesale", "格伦莫斯批发行"),
    "hollund": ("Hollund Depot", "霍伦德货栈"),
    "istrick": ("Istrick Trading", "伊斯特里克商行"),
    "marvost": ("Marvost Supply", "马沃斯特供应社"),
    "penquill": ("Penquill House", "彭奎尔商社"),
}
CITIES = {
    "ostervane": ("Ostervane", "奥斯特文"),
    "pellmouth": ("Pellmouth", "佩尔茅斯"),
    "quorrin": ("Quorrin", "阔林"),
    "tarsholm": ("Tarsholm", "塔斯霍姆"),
    "ullbrook": ("Ullbrook", "乌尔布鲁克"),
    "vexmoor": ("Vexmoor", "维克斯莫尔"),
    "windle_bay": ("Windle Bay", "温德尔湾"),
    "yarrowick": ("Yarrowick", "亚罗威克"),
}
STATUSES = {
    "unpaid": ("awaiting payment", "待付款"),
    "packing": ("being packed", "打包中"),
    "on_its_way": ("on its way", "运输中"),
    "delivered": ("delivered", "已签收"),
    "sent_back": ("sent back", "已退回"),
}
POLICIES = {
    "within_14_days": ("within 14 days", "14天内可退"),
    "within_30_days": ("within 30 days", "30天内可退"),
    "within_60_days": ("within 60 days", "60天内可退"),
    "exchange_only": ("exchange only", "只换不退"),
}
