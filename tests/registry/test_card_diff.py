from __future__ import annotations

import pytest

from registry.card_diff import card_diff, carried_lines, whole_card
from registry.comparison import Content, ExampleChange, FileChange, compare


class TestDiff:
    def test_equal_cards_have_none(self) -> None:
        assert card_diff("a\nb", "a\nb") == []
        assert card_diff("", "") == []

    def test_lines_carry_both_numbers(self) -> None:
        lines = card_diff("a\nb\nc", "a\nB\nc\nd")

        assert [(line.kind, line.old, line.new, line.text) for line in lines] == [
            ("hunk", "", "", "@@ -1,3 +1,4 @@"),
            ("same", 1, 1, "a"),
            ("removed", 2, "", "b"),
            ("added", "", 2, "B"),
            ("same", 3, 3, "c"),
            ("added", "", 4, "d"),
        ]

    def test_far_apart_changes_are_separate_and_near_ones_together(self) -> None:
        old = [str(n) for n in range(40)]
        far, near = ["x", *old[1:39], "y"], [*old[:10], "x", *old[11:16], "y", *old[17:]]

        assert [line.kind for line in card_diff("\n".join(old), "\n".join(far))].count("hunk") == 2
        assert [line.kind for line in card_diff("\n".join(old), "\n".join(near))].count("hunk") == 1

    def test_a_hunk_names_its_section(self) -> None:
        card = "# Iris\n\n## Limitations\n\none\ntwo\nthree\nfour\nfive\n"

        assert card_diff(card, card + "six\n")[0].text.endswith("@@ Limitations")

    def test_places_are_shown_where_nothing_changed(self) -> None:
        old = [str(n) for n in range(1, 41)]
        new = ["x", *old, "y"]

        lines = card_diff("\n".join(old), "\n".join(new), places=[3, 21, 22, 99])

        assert [line.text for line in lines if line.kind == "hunk"] == [
            "@@ -1,3 +1,4 @@", "@@ -17,7 +18,7 @@", "@@ -38,3 +39,4 @@",
        ]  # fmt: skip
        assert [(line.old, line.new) for line in lines if line.text in {"20", "21"}] == [(20, 21), (21, 22)]
        numbers = [line.new for line in lines if line.new != ""]
        assert numbers == sorted(set(numbers))
        assert [line.text for line in card_diff("a\nb", "a\nb", places=[2])] == ["@@ -1,2 +1,2 @@", "a", "b"]

    @pytest.mark.timeout(10)
    def test_a_card_of_nothing_but_equal_lines_costs_little(self) -> None:
        old, new = "x" + "\n" * 19_000, "y" + "\n" * 9_000 + "z" + "\n" * 9_500

        assert {line.kind for line in card_diff(old, new)} == {"hunk", "same", "added", "removed"}

    def test_windows_line_ends_are_line_ends(self) -> None:
        assert card_diff("a\r\nb\r\n", "a\nb\n") == []
        assert [(line.new, line.text) for line in whole_card("a\r\n\r\nb\r\n")] == [(1, "a"), (2, ""), (3, "b")]


class TestCarriedLines:
    def carried(self, old: str, new: str, number: int) -> int | None:
        return carried_lines(old, new, [number])[number]

    def test_lines_above_push_it_down(self) -> None:
        assert self.carried("a\nb\nc", "x\ny\na\nb\nc", 2) == 4

    def test_one_that_moved_is_found_by_its_text(self) -> None:
        assert self.carried("a\nmoved\nb\nc", "a\nb\nc\nmoved", 2) == 4

    def test_another_line_of_the_same_words_does_not_stand_for_it(self) -> None:
        assert self.carried("a\nsame\nb\nsame\nc", "a\nother\nb\nsame\nc", 2) is None

    def test_a_changed_one_is_gone(self) -> None:
        assert self.carried("a\nb\nc", "a\nB\nc", 2) is None

    def test_an_empty_one_is_never_found_elsewhere(self) -> None:
        assert self.carried("a\n\nb\nc", "x\nb\nc\n\nd", 2) is None

    def test_a_number_beyond_the_card_is_gone(self) -> None:
        assert carried_lines("a", "a", [0, 1, 2]) == {0: None, 1: 1, 2: None}


def content(**changes: object) -> Content:
    usual = {
        "licence": "MIT",
        "card_source": "a\n",
        "cpu_millis": 1000,
        "memory_bytes": 1 << 30,
        "files": {"a": ("1", 10), "b": ("2", 20)},
        "examples": [{"title": "one", "request": {}}, {"title": "two", "request": {}}],
    }
    return Content(**{**usual, **changes})  # type: ignore[arg-type]  # a test's shorthand


class TestCompare:
    def test_nothing(self) -> None:
        found = compare(content(), content())

        assert not found.beside_the_card
        assert not found.card

    def test_everything(self) -> None:
        new = content(
            licence="Apache-2.0", card_source="a\nb\n", cpu_millis=2000, memory_bytes=1 << 31,
            files={"b": ("3", 21), "c": ("1", 10)},
            examples=[{"title": "two", "request": {}}, {"title": "three", "request": {}}],
        )  # fmt: skip

        found = compare(content(), new)

        assert (found.licence, found.cpu_millis) == (("MIT", "Apache-2.0"), (1000, 2000))
        assert found.memory_bytes == (1 << 30, 1 << 31)
        assert list(found.files) == [
            FileChange("a", "removed", 10, None),
            FileChange("b", "replaced", 20, 21),
            FileChange("c", "added", None, 10),
        ]
        assert list(found.examples) == [ExampleChange("one", "removed"), ExampleChange("three", "added")]
        assert (found.card_added, found.card_removed) == (1, 0)
        assert [found.kind_of(path) for path in ("b", "c", "z")] == ["replaced", "added", ""]

    def test_an_example_with_another_answer_is_changed(self) -> None:
        new = content(examples=[{"title": "one", "request": {"x": 1}}, {"title": "two", "request": {}}])

        assert list(compare(content(), new).examples) == [ExampleChange("one", "changed")]
