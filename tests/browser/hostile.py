"""Labels that try to be something else: markup, scripts, formulas, other directions, too long, nothing."""

from __future__ import annotations

import itertools

# A few, of which a test names single ones by their place.
HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"></svg><script>window.hit=1</script>',
    "</script><script>window.hit=1</script>",
    '<a href="javascript:window.hit=1">link</a>',
    "مرحبا بالعالم",
    "中文標籤",
    "",
    "\u202eback\u202c",
    "long " * 2_000,
    "<b>bold</b>",
    "$x^2$ and $y$",
    "%{x}{{1}}",
    "<!-- <script>",
    "שלום עולם",
    "词" * 200,
    "x" * 10_000,
)

# Two hundred.
ACTS = ("window.hit=1", "fetch('http://127.0.0.1:9/hit')", "alert(1)", "parent.hit=1")
FORMS = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "<img src=x onerror={}>",
    '"><svg onload={}>',
    "<a href=javascript:{}>x</a>",
    "<iframe srcdoc='<script>{}</script>'></iframe>",
    "<style>*{{background:url(http://127.0.0.1:9/)}}</style>{}",
    "${{{}}}",
    "{{{{{}}}}}",
    "]]><script>{}</script><![CDATA[",
    "<!--<script>{}</script>",
    "&lt;script&gt;{}&lt;/script&gt;",
    "\\u003cscript\\u003e{}",
    "'\"`;{};//",
    "<math><mtext></math><script>{}</script>",
    "<noscript><p title='</noscript><img src=x onerror={}>'>",
    "data:text/html,<script>{}</script>",
    "%3Cscript%3E{}%3C/script%3E",
    "<textarea></textarea><script>{}</script>",
    "\u202e<b>{}",
    "\x00\x08<i>{}",
    "</style></title></noscript><script>{}</script>",
    "</figure></svg><script>{}</script>",
    "constructor __proto__ {}",
)
ODD = (
    "",
    " ",
    "\n",
    "\t\t",
    "\u200b",
    "\u0301" * 60,
    "שלום עולם",
    "مرحبا بالعالم",
    "中文" * 40,
    "x" * 10_000,
    "🏝️" * 30,
)
LABELS = [form.format(act) for form, act in itertools.product(FORMS, ACTS)]
LABELS += [f"{label}{i}" for i, label in enumerate(ODD * 10)]
