"""What changed between two cards, line by line, and where a line of the one stands in the other. Text in, data out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONTEXT_LINES = 3
# Pairs of equal lines: difflib's work grows with them, and a hostile card of nothing but equal lines has 10^8.
MOST_PAIRS = 100_000
Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff; `kind` is hunk, added, removed or same. `old` and `new` count from 1, "" where absent."""

    kind: str
    old: int | str
    new: int | str
    text: str


def card_lines(source: str) -> list[str]:
    """The lines by which a card is numbered; the last one needs no line break."""
    return source.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n") if source else []


def card_diff(old: str, new: str, *, places: Iterable[int] = ()) -> list[DiffLine]:
    """A unified diff of two cards with three lines of context; each hunk names the card's section in its head.

    `places` are lines of the new card, from 1, that are shown even where nothing changed.
    """
    lines: list[DiffLine] = []
    old_lines, new_lines = card_lines(old), card_lines(new)
    codes = _opcodes(old_lines, new_lines)
    groups = _grouped(codes)
    for group in sorted([*groups, *_unchanged(codes, groups, places)], key=lambda group: group[0][3]):
        first, last = group[0], group[-1]
        spans = f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@"
        lines.append(DiffLine("hunk", "", "", f"{spans} {section_of(new_lines, first[3])}".rstrip()))
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                offset = new_start - old_start
                lines += [DiffLine("same", i + 1, i + 1 + offset, old_lines[i]) for i in range(old_start, old_end)]
                continue
            lines += [DiffLine("removed", i + 1, "", old_lines[i]) for i in range(old_start, old_end)]
            lines += [DiffLine("added", "", i + 1, new_lines[i]) for i in range(new_start, new_end)]
    return lines


def whole_card(source: str) -> list[DiffLine]:
    """Every line as it is, for reading the source."""
    return [DiffLine("same", "", number, text) for number, text in enumerate(card_lines(source), start=1)]


def section_of(lines: Sequence[str], index: int) -> str:
    """The title of the nearest `#` heading at or above a line, counted from 0; "" above the first."""
    for line in reversed(lines[: index + 1]):
        if line.startswith("#") and line.lstrip("#").startswith(" "):
            return line.lstrip("#").strip().rstrip("#").strip()
    return ""


def carried_lines(old: str, new: str, numbers: Iterable[int]) -> dict[int, int | None]:
    """Where each line of the old card stands in the new one, counted from 1; None for one that is gone.

    A line that was changed is gone; one that only moved is found by its text, nearest to where it would be.
    """
    old_lines, new_lines = card_lines(old), card_lines(new)
    codes = _opcodes(old_lines, new_lines)
    return {number: _carried(old_lines, new_lines, codes, number - 1) for number in numbers}


def _carried(old: Sequence[str], new: Sequence[str], codes: Sequence[Opcode], index: int) -> int | None:
    if not 0 <= index < len(old):
        return None
    expected = index
    kept: set[int] = set()  # lines that stand for lines of the old card already
    for tag, old_start, old_end, new_start, new_end in codes:
        if tag == "equal":
            kept.update(range(new_start, new_end))
        if old_start <= index < old_end:
            if tag == "equal":
                return new_start + index - old_start + 1
            expected = new_start
    if not old[index].strip():
        return None  # any empty line would do, so none does
    elsewhere = [at for at, text in enumerate(new) if text == old[index] and at not in kept]
    return min(elsewhere, key=lambda at: abs(at - expected)) + 1 if elsewhere else None


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """As difflib's opcodes, of what lies between the common beginning and end, so that the work stays bounded."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    codes: list[Opcode] = [("equal", 0, start, 0, start)] if start else []
    for tag, old_start, old_end, new_start, new_end in _middle(middle_old, middle_new):
        codes.append((tag, old_start + start, old_end + start, new_start + start, new_end + start))
    if end:
        codes.append(("equal", len(old) - end, len(old), len(new) - end, len(new)))
    return codes


def _middle(old: Sequence[str], new: Sequence[str]) -> Sequence[Opcode]:
    counts = Counter(new)
    if sum(counts[line] for line in old) > MOST_PAIRS:
        return [("replace", 0, len(old), 0, len(new))]
    if not old and not new:
        return []
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _unchanged(
    codes: Sequence[Opcode], groups: Sequence[Sequence[Opcode]], places: Iterable[int]
) -> list[list[Opcode]]:
    """A group for each place that stands in none yet, with what surrounds it."""
    shown = {at for group in groups for code in group for at in range(code[3], code[4])}
    found: list[list[Opcode]] = []
    for place in sorted({number - 1 for number in places} - shown):
        code = next((code for code in codes if code[0] == "equal" and code[3] <= place < code[4]), None)
        if code is None or place in shown:
            continue
        start, end = place, place + 1
        while start > max(code[3], place - CONTEXT_LINES) and start - 1 not in shown:
            start -= 1
        while end < min(code[4], place + 1 + CONTEXT_LINES) and end not in shown:
            end += 1
        shown.update(range(start, end))
        offset = code[1] - code[3]
        found.append([("equal", start + offset, end + offset, start, end)])
    return found


def _grouped(codes: Sequence[Opcode]) -> list[list[Opcode]]:
    """Changes with a few lines around them; those far apart in groups of their own."""
    groups: list[list[Opcode]] = []
    for number, (tag, old_start, old_end, new_start, new_end) in enumerate(codes):
        is_first, is_last = number == 0, number == len(codes) - 1
        whole: Opcode = (tag, old_start, old_end, new_start, new_end)
        if tag != "equal" and is_first:
            groups.append([whole])
        elif tag != "equal" or (not is_first and not is_last and old_end - old_start <= 2 * CONTEXT_LINES):
            groups[-1].append(whole)
        else:
            kept = min(CONTEXT_LINES, old_end - old_start)
            if not is_first:
                groups[-1].append((tag, old_start, old_start + kept, new_start, new_start + kept))
            if not is_last:
                groups.append([(tag, old_end - kept, old_end, new_end - kept, new_end)])
    return groups
