"""Model cards: parsed with the line at fault, rendered without a way in, and never slowly."""

from __future__ import annotations

import html.parser
import os

import pytest

from registry import cards
from registry.card_template import REQUIRED_SECTIONS, card_template
from registry.cards import CARD_TEMPLATE, parse_card, render_card, render_comment
from registry.errors import UserError

XSS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<a href=javascript:alert(1)>x</a>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<input autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<!--><script>alert(1)</script>-->",
    "x <!-- --><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](<javascript:alert(1)>)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "[x][r]\n\n[r]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](https://a.example/x.png)',
    "![x](https://a.example/x.png'onerror='alert(1))",
    "![<script>alert(1)</script>](https://a.example/x.png)",
    "[![x](https://a.example/x.png)](javascript:alert(1))",
    "```<script>\nalert(1)\n```",
    '```"><img/src=x/onerror=alert(1)>\nx\n```',
    "|<script>alert(1)</script>|\n|-|\n|<img src=x onerror=alert(1)>|",
    "# <img src=x onerror=alert(1)>",
    "`</code><script>alert(1)</script>`",
    "<https://a.example/\"onclick='alert(1)'>",
)
INERT = {"a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}
INERT |= {"h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"}
SIZE = 19_900
SLOW = {
    "brackets": "[" * SIZE,
    "images": "![" * (SIZE // 2),
    "emphasis": "_a*" * (SIZE // 3),
    "links": "[a](b " * (SIZE // 6),
    "bracket lines": "[\n" * (SIZE // 2),
    "wide table": "|" + "a|" * 400 + "\n|" + "-|" * 400 + "\n" + "|\n" * 160,
    "very wide table": "|" + "a|" * 1000 + "\n|" + "-|" * 1000 + "\n" + "|\n" * 3000,
    "quotes": ">" * SIZE,
    "references": "[a]: b\n\n" + "[" * 9_000 + "a" + "]" * 9_000,
}


class Live(html.parser.HTMLParser):
    """Collects everything in a page that could run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (
            tag
            not in "a blockquote br code del em h2 h3 h4 h5 h6 hr li ol p pre s strong table tbody td th thead tr ul"
        ):
            self.found.append(tag)
        for name, value in attrs:
            if name == "href" and (value or "").startswith(("https://", "http://", "mailto:")):
                continue
            if (name, value) != ("tabindex", "0") and name not in {"rel", "title", "start", "class"}:
                self.found.append(f"{tag} {name}={value}")


def outcome_of(source: str) -> str:
    try:
        render_card(source)
    except UserError as error:
        return error.code
    return "rendered"


def live(text: str) -> list[str]:
    parser = Live()
    parser.feed(text)
    parser.close()
    return parser.found


@pytest.mark.parametrize("vector", XSS)
def test_nothing_in_a_card_or_a_comment_comes_alive(vector: str) -> None:
    assert live(render_comment(vector)) == []


def test_the_detector_of_live_html_detects() -> None:
    assert live('<p onclick="x">') == ["p onclick=x"]
    assert live('<a href="javascript:x">') == ["a href=javascript:x"]
    assert live("<script>") == ["script"]
    assert live('<img src="https://a.example/x">')


def test_all_vectors_in_one_card() -> None:
    rendered = render_card("\n\n".join(XSS))
    assert live(rendered) == []
    assert "<script" not in rendered


def processor_seconds() -> float:
    """What this process and the children that it has waited for have used; a busy machine adds nothing to it."""
    return sum(os.times()[:4])


@pytest.mark.parametrize("name", SLOW)
def test_slow_input_is_quick_or_refused(name: str) -> None:
    began = processor_seconds()
    outcome = outcome_of(SLOW[name])
    assert processor_seconds() - began < cards.WALL_SECONDS
    assert outcome in {"rendered", "card.too_slow", "card.too_complex"}


def test_the_limit_of_time_ends_the_child() -> None:
    with pytest.raises(UserError) as caught:
        cards._render("[" * 200_000, field="card_source")
    assert caught.value.code == "card.too_slow"


def test_headings_go_down_one_level_and_no_image_loads() -> None:
    rendered = render_card("# One\n\n###### Six\n\n![a *b*](https://a.example/x.png) ![local](figure.png)\n")
    assert "<h2>One</h2>" in rendered
    assert "<h6>Six</h6>" in rendered
    assert '<a href="https://a.example/x.png" rel="nofollow noopener">a b</a> local' in rendered
    assert "<img" not in rendered
    assert "<h1" not in rendered


def test_tables_align_by_class_and_bare_addresses_stay_text() -> None:
    rendered = render_card("```\ncode\n```\n\n|a|b|\n|:-:|--:|\n|1|~~2~~|\n\nhttps://a.example\n")
    assert '<td class="align-center">1</td>' in rendered
    assert '<pre tabindex="0">' in rendered
    assert '<table tabindex="0">' in rendered
    assert '<td class="align-end"><s>2</s></td>' in rendered
    assert "style" not in rendered
    assert "<p>https://a.example</p>" in rendered


def test_a_card_has_facts_sections_and_a_body() -> None:
    card = parse_card(
        "---\nlicense: mit\nlanguage: [no, en]\nreleased: 2026-01-02\nmetrics:\n  f1: 0.50\n---\n"
        "# Title\n\nLead\n\n## Use\nfor that\n### Detail\nmore\n\nEvaluation\n----------\ngood\n\n"
        "```\n# not a heading\n```\n"
    )
    assert card.front_matter == {
        "license": "mit",
        "language": ["no", "en"],
        "released": "2026-01-02",
        "metrics": {"f1": "0.50"},
    }
    assert [(section.title, section.level) for section in card.sections] == [
        ("Title", 1),
        ("Use", 2),
        ("Detail", 3),
        ("Evaluation", 2),
    ]
    assert card.sections[1].text == "for that\n### Detail\nmore"
    assert card.sections[3].text == "good\n\n```\n# not a heading\n```"
    assert "not a heading" in card.sections[0].text
    assert card.body.startswith("# Title")


def test_a_card_may_do_without_front_matter() -> None:
    assert parse_card("# T\r\n\r\ntext").front_matter == {}
    assert parse_card("").sections == ()
    assert parse_card("---\n# only a comment\n---\ntext").front_matter == {}


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("---\na: 1\nb: [\n---\n", "card.yaml", 4),
        ("---\na: 1\n\tb: 2\n---\n", "card.yaml", 3),
        ("---\na: 1\n", "card.front_matter_open", 1),
        ("---\n- a\n---\n", "card.front_matter_mapping", 2),
        ("---\na: 1\nb: 2\na: 3\n---\n", "card.yaml_duplicate", 4),
        ("---\n? [a]\n: 1\n---\n", "card.yaml_key", 2),
        ("---\na: &x [1]\nb: *x\n---\n", "card.yaml_feature", 2),
        ("---\na: !!python/object/apply:os.system [ls]\n---\n", "card.yaml_feature", 2),
        ("---\na: 1\nb: " + "[" * 500 + "\n---\n", "card.yaml_deep", 3),
        ("---\na: b\n\x07\n---\n", "card.yaml", 1),
        ('---\na: 1\n"b\\0": 1\n---\n', "card.not_text", 3),
        ('---\na: ["\\uD800"]\n---\n', "card.not_text", 2),
        ("---\na: " + "x" * 9_000 + "\n---\n", "card.front_matter_large", 1),
    ],
)
def test_bad_front_matter_names_its_line(source: str, code: str, line: int) -> None:
    with pytest.raises(UserError) as caught:
        parse_card(source)
    assert (caught.value.code, caught.value.field, caught.value.params["line"]) == (code, "card_source", line)


def test_a_thousand_laughs_stay_unfunny() -> None:
    bomb = "a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a,*a]\n" for n in range(200))
    with pytest.raises(UserError) as caught:
        parse_card(f"---\n{bomb}---\n")
    assert caught.value.code == "card.yaml_feature"


@pytest.mark.parametrize(
    ("source", "code"),
    [("x" * 20_001, "card.too_large"), ("a\0b", "card.not_text"), ("a\udc80b", "card.not_text")],
)
def test_what_no_card_may_hold(source: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        render_card(source)
    assert caught.value.code == code


def test_a_comment_is_shorter_than_a_card() -> None:
    assert render_comment("*fine*") == "<p><em>fine</em></p>\n"
    with pytest.raises(UserError) as caught:
        render_comment("x" * 5_001, field="text")
    assert (caught.value.code, caught.value.field) == ("card.too_large", "text")


def test_the_template_guides_without_showing_its_prompts() -> None:
    card = parse_card(CARD_TEMPLATE)
    titles = {section.title: section.text for section in card.sections}
    assert all(titles[section.title] == "" for section in REQUIRED_SECTIONS)
    assert "<!--" not in render_card(CARD_TEMPLATE)
    assert parse_card(card_template(title="X", licence="MIT")).front_matter["license"] == "MIT"


def test_prompts_vanish_but_code_and_open_comments_stay() -> None:
    card = parse_card("a\n<!-- one\ntwo -->\nb\n```\n<!-- kept -->\n```\n<!-- open\nc\n")
    assert card.body == "a\nb\n```\n<!-- kept -->\n```\n<!-- open\nc\n"
