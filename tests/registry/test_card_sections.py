"""A card as separate texts and facts: what is not changed survives to the letter, whatever the card looks like."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.card_sections import other_titles, read_sections, with_sections
from registry.card_template import CARD_TEMPLATE, GUIDED_SECTIONS, INTRODUCTION, REQUIRED_SECTIONS, card_template
from registry.card_titles import ALIASES, folded_title
from registry.cards import parse_card
from registry.errors import UserError
from registry.front_matter import read_front_matter, split_front_matter
from registry.front_matter_edit import with_facts

KEYS = [section.key for section in (INTRODUCTION, *GUIDED_SECTIONS)]
FULL = """\
---
# who may use it
license: mit  # as agreed
language:
  # the main one
  - en
  - "no"  # Norwegian
x-own: {a: [1, 2]}
released: 2026-01-02
---

# Hub name

What it does.

<!-- a private note -->

## 2. Training Data:

From somewhere.

### Labels

By hand.

## Funding

A grant.

Uses
----

For this.

```
## not a heading
```

# Evaluación

Good.
"""
PIECES = st.sampled_from(
    [
        "", "words", "## Intended use", "### Evaluation", "# Limitations", "## Funding", "Uses\n---", "```", "~~~",
        "---", "<!-- note -->", "<!-- open", "-->", "- item", "    code", "## **Bias & Risks**",
        "<!-- " + REQUIRED_SECTIONS[0].prompt + " -->",
    ]
)  # fmt: skip
BODIES = st.lists(PIECES, max_size=14).map("\n".join)
TEXTS = st.lists(st.sampled_from(["", "words", "- a", "### Deeper", "    code", "`x`"]), max_size=4).map("\n".join)
NAMES = st.sampled_from(["tags", "language", "x", "y"])
VALUES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=","), min_size=1, max_size=8)
COMMENTS = st.sampled_from(["", "  # why", "  # “why”"])


def test_the_sections_of_a_card_from_elsewhere() -> None:
    assert read_sections(FULL) == {
        "introduction": "What it does.\n\n<!-- a private note -->",
        "training_data": "From somewhere.\n\n### Labels\n\nBy hand.",
        "intended_use": "For this.\n\n```\n## not a heading\n```",
        "evaluation": "Good.",
    }
    assert other_titles(FULL) == ["Funding"]


def test_a_change_touches_nothing_else() -> None:
    changed = with_sections(FULL, {"evaluation": "Better.\n\n- by far", "introduction": "What it does, shortly."})
    assert changed == FULL.replace("Good.", "Better.\n\n- by far").replace(
        "What it does.\n\n<!-- a private note -->", "What it does, shortly."
    )


def test_a_missing_section_comes_where_the_template_has_it() -> None:
    changed = with_sections("# T\n\n## Uses\n\nA\n\n## Bias\n\nB\n", {"evaluation": "E"})
    assert changed == "# T\n\n## Uses\n\nA\n\n## Evaluation\n\nE\n\n## Bias\n\nB\n"
    assert with_sections("", {"evaluation": "E"}) == "## Evaluation\n\nE\n"


def test_the_template_is_filled_below_its_prompts() -> None:
    texts = {key: f"About {key}." for key in KEYS}
    card = with_sections(card_template(title="T"), texts)
    assert read_sections(card) == texts
    assert [section.title for section in parse_card(card).sections] == ["T", *(s.title for s in GUIDED_SECTIONS)]
    assert REQUIRED_SECTIONS[0].prompt in card
    emptied = with_sections(card, dict.fromkeys(KEYS, ""))
    assert set(read_sections(emptied).values()) == {""}


@pytest.mark.parametrize(
    "text", ["```\nopen", "<!-- open", "## A heading\nbelow", "# Evaluation", "A title\n===", "~~~~\n~~~\nx"]
)
def test_a_text_that_would_swallow_its_neighbours_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        with_sections(CARD_TEMPLATE, {"training_data": text})
    assert (caught.value.code, caught.value.field) == ("card.section_breaks_out", "training_data")


@given(BODIES, st.sampled_from(["", "---\nlicense: mit\n---\n"]))
def test_reading_and_writing_back_changes_nothing(body: str, head: str) -> None:
    if not head and body.startswith("---"):
        return
    assert with_sections(head + body, read_sections(head + body)) == head + body


@given(BODIES.filter(lambda body: not body.startswith("---")), st.sampled_from(KEYS), TEXTS)
def test_what_is_written_is_read_and_the_rest_stays(body: str, key: str, text: str) -> None:
    before = read_sections(body)
    try:
        after = with_sections(body, {key: text})
    except UserError as error:
        assert error.code == "card.section_breaks_out"  # noqa: PT017  # hypothesis tries both outcomes
        return
    found = read_sections(after)
    assert found.get(key, "").split() == text.split()
    assert {name: value for name, value in found.items() if name != key} == {
        name: value for name, value in before.items() if name != key
    }
    replaced = before.get(key, "").split("\n")
    others = [line for line in body.split("\n") if line.strip() and line not in replaced]
    remaining = iter(after.split("\n"))
    assert [line for line in others if line not in remaining] == [], "every other line stays, in its order"


@pytest.mark.parametrize("key", ALIASES)
def test_every_listed_title_is_recognised(key: str) -> None:
    shared = {folded_title(title) for title in ("Intended uses & limitations", "Bias, risks, and limitations")}
    for titles in ALIASES[key].values():
        for title in titles:
            found = read_sections(f"## {title}\n\ntext\n")
            assert found.get(key) == "text" or folded_title(title) in shared, title


@pytest.mark.parametrize(
    "title", ["**1. Intended use:**", "INTENDED  USE", "2.1 Intended use", "🎯 Intended use", "`Uses`"]
)
def test_spelling_does_not_matter(title: str) -> None:
    assert read_sections(f"# {title}\n\ntext\n")["intended_use"] == "text"


class TestFacts:
    def test_a_scalar_keeps_its_comment(self) -> None:
        assert with_facts(FULL, {"license": "Apache-2.0"}) == FULL.replace("mit  #", "Apache-2.0  #")

    def test_items_that_stay_keep_theirs(self) -> None:
        changed = with_facts(FULL, {"language": ["no", "sv"]})
        assert 'language:\n  # the main one\n  - "no"  # Norwegian\n  - sv\nx-own:' in changed
        assert read_front_matter(split_front_matter(changed)[0])["language"] == ["no", "sv"]

    def test_an_emptied_list_stays_a_list(self) -> None:
        changed = with_facts(FULL, {"language": []})
        assert "language: []\n  # the main one\nx-own" in changed

    def test_new_facts_go_to_the_end_and_make_a_head(self) -> None:
        assert with_facts("# T\n", {"tags": ["a", "no"]}) == "---\ntags: [a, 'no']\n---\n\n# T\n"
        assert with_facts("---\n# only this\n---\n", {"license": "MIT"}) == "---\n# only this\nlicense: MIT\n---\n"

    def test_what_is_said_already_changes_nothing(self) -> None:
        assert with_facts(FULL, {"license": "mit", "language": ["en", "no"], "tags": [], "base_model": ""}) == FULL

    @pytest.mark.parametrize(
        ("head", "key"),
        [("{license: mit}", "license"), ("tags: {a: b}", "tags"), ("metrics:\n- name: f1", "metrics"),
         ("tags: [a, # why\n  b]", "tags")],
    )  # fmt: skip
    def test_what_a_form_cannot_show_is_left_to_the_text(self, head: str, key: str) -> None:
        with pytest.raises(UserError) as caught:
            with_facts(f"---\n{head}\n---\n", {key: "x"})
        assert caught.value.code == "card.head_not_editable"

    @settings(max_examples=150)
    @given(
        st.lists(
            st.tuples(NAMES, st.lists(VALUES, max_size=3), COMMENTS), max_size=4, unique_by=lambda row: row[0]
        ),
        st.sampled_from(["block", "flow", "flush"]),
        st.sampled_from(["tags", "language", "license"]),
        st.lists(VALUES, max_size=3),
    )  # fmt: skip
    def test_other_facts_and_comments_survive(
        self, rows: list[tuple[str, list[str], str]], style: str, key: str, value: list[str]
    ) -> None:
        lines: list[str] = ["# at the top"]
        for name, items, comment in rows:
            quoted = ["'" + item.replace("'", "''") + "'" for item in items]
            if style == "flow" or not items:
                lines.append(f"{name}: [{', '.join(quoted)}]{comment}")
            else:
                indent = "  " if style == "block" else ""
                lines += [f"{name}:", *(f"{indent}- {item}{comment}" for item in quoted), "# between"]
        source = "---\n" + "\n".join(lines) + "\n---\nbody\n"
        before = read_front_matter(split_front_matter(source)[0])
        changed = with_facts(source, {key: value})
        after = read_front_matter(split_front_matter(changed)[0])
        assert after == ({**before, key: value} if value or before.get(key) else before)
        assert changed.count("# between") == source.count("# between")
        assert changed.startswith("---\n# at the top\n")
        assert changed.endswith("\n---\nbody\n")
