"""Writes jinja2.json: what Jinja2 itself makes of the templates below. Run with Jinja2 3.1: python3 golden.py > jinja2.json

Left out is what Herald prints differently on purpose: lists, objects, floats that are whole, and missing values next to operators.
"""
import json
import sys

from jinja2 import ChainableUndefined, Environment

CONTEXT = {
    "receiver": {"id": "ann", "name": "Ann Lee", "role": "user", "language": "en", "teams": ["red", "Blue", "green"]},
    "custom": {
        "age": 30, "price": 12.5, "zero": 0, "empty": "", "yes": True, "no": False, "nothing": None, "city": "Zürich",
        "greeting": "hello WORLD it's me", "html": "<b>Tom</b> & \"Jerry\" <!-- no --> &amp; co",
        "numbers": [3, 1, 2, 2], "words": ["b", "A", "c", "B"], "deep": {"a": {"b": ["x", {"c": "found"}]}},
        "orders": [{"id": "o1", "total": 10, "paid": True, "item": {"name": "Cup"}}, {"id": "o2", "total": 5, "paid": False, "item": {"name": "Hat"}},
                   {"id": "o3", "total": 7, "paid": True, "item": {"name": "bag"}}],
        "long": "The quick brown fox jumps over the lazy dog and runs away",
    },
}

TEMPLATES = r"""
Hi {{ receiver.name }}!
{{receiver.name}}{{ receiver["name"] }}{{ receiver['id'] }}
{{ custom.deep.a.b[1].c }} {{ custom.deep["a"]["b"][-1]["c"] }} {{ custom.deep.a.b.0 }}
[{{ missing }}][{{ receiver.missing }}][{{ receiver.a.b.c }}][{{ custom.numbers[9] }}]
{{ receiver.missing|default("there") }} {{ custom.a.b|d("x") }} {{ custom.empty|default("no") }} {{ custom.empty|default("no", true) }} {{ custom.zero|default("n", boolean=true) }}
{% if custom.age > 18 %}adult{% elif custom.age > 12 %}teen{% else %}child{% endif %}
{% if receiver.missing %}a{% else %}b{% endif %}{% if not receiver.missing %}c{% endif %}
{{ "VIP " if custom.yes else "" }}{{ receiver.name }}
{{ ("a" if custom.no else "b") ~ "c" }} {{ "x" if custom.no }}| {{ 1 if custom.no else 2 if custom.yes else 3 }}
{% for t in receiver.teams %}{{ loop.index }}:{{ t }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for t in receiver.teams %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in [] %}a{% else %}none{% endfor %}
{% for n in custom.numbers if n > 1 %}{{ n }}/{{ loop.length }} {% endfor %}
{% for k, v in {"a": 1, "b": 2}|items %}{{ k }}={{ v }};{% endfor %}
{% for k, v in {"b": 1, "A": 2}|dictsort %}{{ k }}={{ v }};{% endfor %}
{% for k, v in {"b": 1, "A": 2}|dictsort(by="value", reverse=true) %}{{ k }}={{ v }};{% endfor %}
{% for k in {"b": 1, "a": 2} %}{{ k }}{% endfor %}
{% for c in custom.city %}{{ c }}.{% endfor %}
{% for x in 1, 2, 3 %}{{ x }}{% endfor %}
{% for o in custom.orders %}{% for c in o.id %}{{ c }}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}
{% set x = 1 %}{% for i in custom.numbers %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}
{% set x %}a{{ receiver.id }}b{% endset %}{{ x|upper }}{{ x }}
{% set x | upper | trim %} a{{ receiver.id }}b {% endset %}{{ x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% if custom.yes %}{% set y = 5 %}{% endif %}{{ y }}
{% with a = 1, b = "x" %}{{ a }}{{ b }}{% set a = 2 %}{{ a }}{% endwith %}[{{ a }}]
{% raw %}{{ not }} {% if %}{% endraw %}
a {# a comment {{ x }} #} b
a   {{- receiver.id -}}   b
a {%- if custom.yes -%} b {%- endif -%} c
a {#- c -#} b
{% raw -%} x {%- endraw %}|
{Hello} }} %} {a: {b: 1}}
{{ 1 + 2 }} {{ 7 - 10 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 2.5 + 1 }} {{ -custom.age }} {{ +3 }}
{{ 5.5 // 2 + 0.5 }} {{ -5.5 % 2 }} {{ 10 - 2 - 3 }} {{ 10 - (2 - 3) }}
{{ "a" + "b" }} {{ "a" ~ 1 ~ 2.5 ~ true }} {{ 1 ~ 2 + 3 if false else "s" }} {{ "a" "b" }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 }} {{ 1 != 2 }} {{ "a" < "b" }} {{ "b" >= "a" }} {{ true == 1 }} {{ [1, 2] == [1, 2] }} {{ {"a": 1} == {"a": 1} }} {{ [1, 2] < [1, 3] }}
{{ 1 in custom.numbers }} {{ "e" in "hello" }} {{ "a" in {"a": 1} }} {{ 9 not in custom.numbers }} {{ "red" in receiver.teams|list }} {{ not 1 in [2] }}
{{ true and false }} {{ true or false }} {{ not true }} {{ "" or "x" }} {{ "a" and "b" }} {{ 0 and 1 }} {{ not not 1 }}
{{ receiver.x is defined }} {{ receiver.name is defined }} {{ receiver.x is undefined }} {{ custom.nothing is none }} {{ custom.age is not none }}
{{ 3 is odd }} {{ 4 is even }} {{ -3 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 3 is number }} {{ "a" is number }} {{ "a" is string }} {{ 3.5 is float }} {{ 3 is integer }}
{{ {} is mapping }} {{ [] is sequence }} {{ "a" is iterable }} {{ true is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ "abc" is lower }} {{ "ABC" is upper }} {{ "123" is upper }}
{{ 3 is eq 3 }} {{ 3 is ne 4 }} {{ 3 is lt 4 }} {{ 3 is le 3 }} {{ 3 is gt 2 }} {{ 3 is ge 3 }} {{ 1 is in [1] }} {{ "a" is sameas "a" }} {{ "upper" is filter }} {{ "odd" is test }}
{{ "x" ~ receiver.no is defined }} {{ 1 is odd and 2 is even }} {{ 2 + 0 if false else "k" }}
{{ -5|abs }} {{ (-5)|abs }} {{ -2.5|abs }} {{ 3|abs }}
{{ custom.greeting|capitalize }} {{ "éa B"|capitalize }} {{ custom.greeting|title }} {{ "foo-bar (baz) [qux] it's"|title }} {{ custom.greeting|upper }} {{ custom.greeting|lower }}
{{ custom.words|length }} {{ "Zürich"|count }} {{ {"a": 1}|length }} {{ missing|length }}
{{ custom.html|e }} {{ "'"|escape }} {{ custom.html|striptags }} {{ custom.html|safe }}
{{ custom.numbers|first }} {{ custom.numbers|last }} {{ "abc"|first }} {{ "abc"|last }} [{{ []|first }}]
{{ "3.7"|float + 0.1 }} {{ "x"|float(1.5) }} {{ "42"|int + 1 }} {{ "4.9"|int }} {{ "x"|int }} {{ "x"|int(7) }} {{ 3.9|int }} {{ "ff"|int(base=16) }} {{ "0x1A"|int(0, 16) }} {{ true|int }}
{{ receiver.teams|join(", ") }} {{ custom.numbers|join }} {{ custom.orders|join("-", attribute="item.name") }} {{ "abc"|join(".") }}
{{ custom.orders|map(attribute="id")|join(",") }} {{ receiver.teams|map("upper")|join(",") }} {{ custom.orders|map(attribute="x", default="?")|join }} {{ ["a b", "c"]|map("replace", "a", "z")|join(";") }}
{{ custom.numbers|max }} {{ custom.numbers|min }} {{ custom.words|max }} {{ custom.words|min(case_sensitive=true) }} {{ (custom.orders|max(attribute="total")).id }} [{{ []|max }}]
{{ custom.numbers|reject("odd")|join(",") }} {{ custom.numbers|select("gt", 1)|join(",") }} {{ [0, 1, "", "a"]|select|join(",") }} {{ [0, 1]|reject|join }}
{{ custom.orders|selectattr("paid")|map(attribute="id")|join(",") }} {{ custom.orders|rejectattr("paid")|map(attribute="id")|join(",") }} {{ custom.orders|selectattr("total", "ge", 7)|map(attribute="id")|join(",") }} {{ custom.orders|selectattr("item.name", "==", "Hat")|map(attribute="id")|join }}
{{ "banana"|replace("a", "o") }} {{ "banana"|replace("a", "o", 2) }} {{ "ab"|replace("", "-") }}
{{ "Zürich"|reverse }} {{ [1, 2, 3]|reverse|join }}
{{ 2.5|round|int }} {{ 3.5|round|int }} {{ 2.675|round(2) }} {{ 42.55|round(1, "floor") }} {{ 42.51|round(1, "ceil") }} {{ 7|round }} {{ 1.25|round(1) }}
{{ custom.numbers|sort|join }} {{ custom.words|sort|join }} {{ custom.words|sort(case_sensitive=true)|join }} {{ custom.numbers|sort(reverse=true)|join }} {{ custom.orders|sort(attribute="total")|map(attribute="id")|join(",") }} {{ custom.orders|sort(attribute="paid,total")|map(attribute="id")|join(",") }}
{{ custom.numbers|sum }} {{ custom.orders|sum(attribute="total") }} {{ [1.5, 2]|sum(start=1) }} {{ []|sum }}
{{ custom.numbers|unique|join(",") }} {{ custom.words|unique|join }} {{ custom.words|unique(true)|join }}
{{ "  x "|trim }}| {{ "xxaxx"|trim("x") }} {{ "a b"|wordcount }} {{ "foo, bar's baz"|wordcount }}
{{ custom.long|truncate(20) }} {{ custom.long|truncate(20, true) }} {{ custom.long|truncate(20, end="…") }} {{ custom.long|truncate(55) }} {{ custom.long|truncate(55, leeway=0) }} {{ "foo bar baz qux"|truncate(9) }} {{ "abcdefghij"|truncate(5, leeway=0) }}
{{ "a b/c?d=é&~"|urlencode }} {{ {"a b": "c d", "e": 1}|urlencode }} {{ [["x", "y z"]]|urlencode }}
{{ 5|string ~ "x" }} {{ "abc"|list|join("-") }} {{ {"a": 1, "b": 2}|list|join }}
{{ "abcdef"[1:3] }} {{ "abcdef"[:2] }} {{ "abcdef"[-2:] }} {{ "abcdef"[::-1] }} {{ "abcdef"[4:1:-2] }} {{ [1, 2, 3][1:]|join }} {{ "abc"[1] }} {{ "abc"[-1] }} {{ "abcdef"[10:] }}
{{ {"a": {"b": 1}}.a.b }} {{ {1: "one"}[1] }} {{ {"a": 1}["a"] }} {{ [[1, 2], [3]][0][1] }} {{ (1, 2)[0] }}
{{ "a\nb\t\"c\" 'd'" }} {{ 'it\'s' }} {{ "\u00e9\x41" }}
{{ 0x1F }} {{ 1_000 }} {{ 1.5e3 + 0.5 }} {{ 0b11 }}
{{ true }} {{ false }} {{ True }} {{ custom.yes }}
{{ custom.price }} {{ custom.age }} {{ custom.city }}
{% if custom.age is defined and custom.age >= 30 and "red" in receiver.teams %}ok{% endif %}
{% if (custom.no or custom.yes) and not custom.no %}ok{% endif %}
{{ custom.words|map("lower")|unique|sort|join(",")|upper }}
{{ missing|upper }}{{ missing|join(",") }}{{ missing|list|length }}{{ missing|replace("a", "b") }}
{% for x in missing %}a{% else %}b{% endfor %}
{{ loop }}{% for a in [1] %}{{ loop.nope }}{% endfor %}
{{ [1, 2, 3,]|length }}{{ (1,)|length }}{{ {"a": 1,}|length }}
{{ 1 if missing is defined else 0 }}{{ "a" if custom.age is odd else "b" }}
[{{ receiver.name|lower|length - 1 }}]
""".strip("\n").split("\n")

MULTILINE = [
    "{{\n  receiver.name\n  |upper\n}}\n",
    "{% if\n  custom.yes\n%}\nyes\n{% endif %}\n",
    "a\n{%- for x in custom.numbers %}\n{{ x }}\n{%- endfor %}\n",
    "{{ not(custom.no) }}{{ 1 in[1] }}{{ true and(true) }}",
    "{{ receiver.name if custom.yes\n else 'x' }}\t{{ 1\t+\t1 }}",
]

env = Environment(keep_trailing_newline=True, undefined=ChainableUndefined)
cases = [{"template": t, "want": env.from_string(t).render(CONTEXT)} for t in TEMPLATES + MULTILINE]
json.dump({"context": CONTEXT, "cases": cases}, sys.stdout, ensure_ascii=False, indent=1)
print()
