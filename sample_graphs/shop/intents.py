"""What customers write: for every intent what is asked of the graph, and five wordings in English and in Chinese."""

from __future__ import annotations

# intent: what the entity is, and the path of relations or the number asked for
ASKED = {
    "order_status": ("order", "has_status"),
    "return_item": ("item", "in_category/return_within"),
    "fits": ("item", "fits"),
    "accessory": ("item", "^fits"),
    "material": ("item", "made_of"),
    "care": ("item", "made_of/cared_for_by"),
    "price": ("item", "price"),
    "in_stock": ("item", "stock"),
    "warranty": ("item", "warranty"),
    "weight": ("item", "weight"),
    "color": ("item", "has_color"),
    "replacement": ("item", "replaced_by"),
    "brand_items": ("brand", "^made_by"),
}
HELD_OUT = 4  # the last wording of every intent and language is for testing

ENGLISH = {
    "order_status": (
        "Where is {x}?", "I am still waiting for {x}. How far is it?", "Could you check {x} for me, please?",
        "Has {x} left your warehouse yet?", "Any news about {x}? It should have been here by now.",
    ),
    "return_item": (
        "Can I return {x}?", "I don't like {x} after all. May I send it back?", "How long do I have to return {x}?",
        "What are your rules for returning {x}?", "{x} isn't for me. Do you take it back?",
    ),
    "fits": (
        "Does {x} fit {y}?", "Can I use {x} with {y}?", "Is {x} the right size for {y}?",
        "I own {y}. Will {x} go with it?", "Are {x} and {y} made for each other?",
    ),
    "accessory": (
        "Which accessories fit {x}?", "What can I get to go with {x}?", "I need a matching accessory for {x}.",
        "Do you have anything that fits {x}?", "Are there any extras for {x}?",
    ),
    "material": (
        "What is {x} made of?", "Which material is {x}?", "Could you tell me what {x} consists of?",
        "I have allergies, so I'd like to know the material of {x}.", "What's {x} made from, exactly?",
    ),
    "care": (
        "How do I clean {x}?", "What is the best way to look after {x}?", "How should I wash {x}?",
        "I spilt something on {x}. How do I get it clean?", "Any care instructions for {x}?",
    ),
    "price": (
        "How much is {x}?", "What does {x} cost?", "Could you tell me the price of {x}?",
        "I'd like to buy {x}. How much do you charge?", "What would I have to pay for {x}?",
    ),
    "in_stock": (
        "Is {x} in stock?", "Do you still have {x}?", "How many of {x} are left?",
        "Can I get {x} right now or is it sold out?", "Is {x} available at the moment?",
    ),
    "warranty": (
        "How long is the warranty on {x}?", "Does {x} come with a warranty?", "For how many months is {x} guaranteed?",
        "{x} broke. Is it still under warranty?", "What guarantee do you give on {x}?",
    ),
    "weight": (
        "How much does {x} weigh?", "What is the weight of {x}?", "How heavy is {x}?",
        "I have to carry {x} a long way. How many grams is it?", "Is {x} light or heavy?",
    ),
    "color": (
        "What color is {x}?", "Which color does {x} come in?", "In what color do you sell {x}?",
        "I can't tell from the photo. What color does {x} have?", "Which shade is {x}?",
    ),
    "replacement": (
        "{x} is gone. What replaces it?", "Is there a successor to {x}?", "What do you sell instead of {x}?",
        "I used to buy {x}. What is the new model?", "Which item has taken the place of {x}?",
    ),
    "brand_items": (
        "What do you have from {x}?", "Which items are made by {x}?", "Show me everything by {x}, please.",
        "I like {x}. What can I buy of that brand?", "Do you carry anything from {x}?",
    ),
    "out_of_scope": (
        "Can I pay in instalments?", "I forgot my password. What now?", "Do you have jobs for students?",
        "Will it rain tomorrow?", "How do I unsubscribe from your newsletter?", "Could you play some music?",
        "What are your opening hours?", "Do you deliver on Sundays?", "Can I talk to a person, please?",
        "My discount code does not work.", "Please write me an invoice with my company's name.",
        "Who won the match last night?",
    ),
}  # fmt: skip
CHINESE = {
    "order_status": (
        "{x}到哪儿了？", "麻烦帮我查一下{x}。", "{x}怎么还没送到，现在是什么状态？",
        "{x}发货了没有？", "等了好几天了，{x}有消息吗？",
    ),
    "return_item": (
        "{x}可以退吗？", "买了{x}不喜欢，能退货吗？", "{x}几天之内能退？",
        "请问{x}的退货规则是什么？", "{x}不合适，你们给退吗？",
    ),
    "fits": (
        "{x}能配{y}用吗？", "{x}跟{y}适配吗？", "我有{y}，可以用{x}吗？",
        "{x}的尺寸适合{y}吗？", "给{y}买{x}，对得上吗？",
    ),
    "accessory": (
        "{x}可以配什么配件？", "有适合{x}的配件吗？", "想给{x}买个配件，有哪些能用？",
        "哪些商品适配{x}？", "{x}都有什么能搭着用的？",
    ),
    "material": (
        "{x}是什么材质的？", "请问{x}用的是什么材料？", "{x}是用什么做的？",
        "我容易过敏，想问一下{x}的材质。", "{x}到底是啥料子？",
    ),
    "care": (
        "{x}怎么清洗？", "请问{x}该怎么保养？", "{x}脏了，怎么洗？",
        "{x}平时要怎么打理？", "{x}有没有清洁保养的说明？",
    ),
    "price": (
        "{x}多少钱？", "请问{x}什么价格？", "{x}怎么卖？",
        "想买{x}，要多少钱？", "{x}的售价是多少？",
    ),
    "in_stock": (
        "{x}还有货吗？", "请问{x}有现货吗？", "{x}还剩几件？",
        "{x}卖完了吗？", "现在下单{x}，有库存吗？",
    ),
    "warranty": (
        "{x}保修多久？", "请问{x}的保修期是几个月？", "{x}坏了，还在保修期内吗？",
        "{x}有质保吗？", "买{x}，质保多长时间？",
    ),
    "weight": (
        "{x}有多重？", "请问{x}的重量是多少？", "{x}多少克？",
        "{x}带出门会不会太沉？", "{x}重不重？",
    ),
    "color": (
        "{x}是什么颜色的？", "{x}有什么颜色？", "请问{x}卖的是哪种颜色？",
        "照片看不清，{x}是什么色？", "{x}的颜色是哪一款？",
    ),
    "replacement": (
        "{x}停产了，用什么代替？", "{x}有新款吗？", "找不到{x}了，替代款是哪个？",
        "以前一直买{x}，现在换成哪款了？", "{x}下架以后出了什么接替它？",
    ),
    "brand_items": (
        "{x}这个牌子有哪些商品？", "你们卖{x}的什么东西？", "我想看看{x}的所有商品。",
        "请问有{x}的产品吗？都有哪些？", "{x}出的东西都有哪些？",
    ),
    "out_of_scope": (
        "可以分期付款吗？", "密码忘了怎么办？", "你们招兼职吗？", "明天会下雨吗？", "怎么退订你们的短信？", "给我讲个笑话吧。",
        "你们几点开门？", "周末送货吗？", "我要找人工客服。", "优惠券用不了怎么回事？",
        "请给我开公司抬头的发票。", "昨晚的球赛谁赢了？",
    ),
}  # fmt: skip
WORDINGS = {"en": ENGLISH, "zh": CHINESE}
