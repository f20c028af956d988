"""What the pages' markup needs beyond Django: icons, status chips, times, digests and form widgets in Codex."""

from __future__ import annotations

from datetime import UTC, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.forms import widgets
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.formats import localize, number_format
from django.utils.html import conditional_escape, format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

from registry.backends import runtime_catalogue
from registry.model_tasks import ModelTask
from registry.templatetags._browsers import browser_words
from registry.templatetags._distance import distance
from registry.templatetags._draft_strings import draft_strings
from registry.templatetags._icons import icon_body
from registry.templatetags._status import status_word
from registry.templatetags._upload_strings import upload_page_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Protocol

    from django.core.paginator import Page
    from django.forms import BoundField

    class _Choice(Protocol):
        """One of a select's options."""

        @property
        def value(self) -> str: ...
        @property
        def label(self) -> str: ...
        @property
        def chosen(self) -> bool: ...


register = template.Library()

DIGEST_HEAD = 4
JUST_NOW_S = 60
SECONDS_PER_MINUTE = 60
MS_PER_SECOND = 1000
MILLIS_PER_CORE = 1000
SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24
LONG_WAIT = timedelta(hours=1)


@register.simple_tag
def icon(name: str, label: str = "", modifier: str = "") -> SafeString:
    """A Codex icon as inline SVG: `{% icon "success" %}` is decorative, with a `label` it is an image of that name.

    `modifier` is one or more of `icon--<modifier>` (`small`, `success`, `warning`, `error`, `progressive`, `subtle`).
    """
    return _icon(name, str(label), modifier, get_language() or "en", get_language_bidi())


@lru_cache(maxsize=2048, typed=True)  # a label that is safe markup and one that only reads the same are two
def _icon(name: str, label: str, modifier: str, language: str, bidi: bool) -> SafeString:  # noqa: FBT001  # a key
    body, flips = icon_body(name, language=language, bidi=bidi)
    modifiers = [*modifier.split(), *(["flip"] if flips else [])]
    classes = " ".join(["icon", *(f"icon--{each}" for each in modifiers)])
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="{}" viewBox="0 0 20 20" width="20" height="20" focusable="false" {}>{}</svg>', classes, role, body
    )


@register.simple_tag
def status_chip(status: str, label: str = "") -> SafeString:
    """The chip for one of the portal's status words; `label` replaces the word, never the meaning."""
    return _chip(status, str(label), get_language())


@lru_cache(maxsize=2048, typed=True)  # as above
def _chip(status: str, label: str, _language: str | None) -> SafeString:
    """Kept by language: a list shows the same few chips on every line."""
    word = status_word(status)
    context = {"status": word, "label": label or str(word.label)}
    return mark_safe(render_to_string("includes/status_chip.html", context))  # noqa: S308  # a template, which escapes


@register.filter
def status_label(status: str) -> str:
    """The word alone, for table cells and titles."""
    return str(status_word(status).label)


@register.filter
def browser(user_agent: str) -> str:
    """Browser and system of a User-Agent header, in words."""
    return browser_words(user_agent)


@register.simple_tag
def relative_time(moment: datetime | None) -> SafeString:
    """`<time>` with a short distance to read and the absolute UTC moment as its title; a dash for None."""
    if moment is None:
        return mark_safe("–")  # noqa: RUF001 - the typographic dash of an empty cell
    at = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        _distance(at),
    )


def _distance(at: datetime) -> str:
    seconds = (now() - at).total_seconds()
    if abs(seconds) < JUST_NOW_S:
        return _("just now")
    return distance(seconds)


@register.filter
def duration_ms(milliseconds: float | None) -> str:
    """Milliseconds as people say them: "<1 s", "48 s", "1 min 5 s"; "" for None."""
    if milliseconds is None:
        return ""
    seconds = round(milliseconds / MS_PER_SECOND)
    if seconds < 1:
        # Translators: a duration of less than one second; s is the unit.
        return _("<1 s")
    minutes, rest = divmod(seconds, SECONDS_PER_MINUTE)
    values = {"minutes": number_format(minutes), "seconds": number_format(rest)}
    if not minutes:
        return _("%(seconds)s s") % values
    return _("%(minutes)s min %(seconds)s s") % values if rest else _("%(minutes)s min") % values


@register.filter
def span(value: timedelta | None) -> str:
    """A wait as people say it: "12 s", "1 min 5 s", "1 d 4 h"; "" for None."""
    if value is None:
        return ""
    if value < LONG_WAIT:
        return duration_ms(value.total_seconds() * MS_PER_SECOND)
    hours, seconds = divmod(round(value.total_seconds()), SECONDS_PER_HOUR)
    if hours < HOURS_PER_DAY:
        values = {"hours": number_format(hours), "minutes": number_format(seconds // SECONDS_PER_MINUTE)}
        # Translators: a duration; h is hours, min minutes.
        return _("%(hours)s h %(minutes)s min") % values
    days, hours = divmod(hours, HOURS_PER_DAY)
    # Translators: a duration; d is days, h hours.
    return _("%(days)s d %(hours)s h") % {"days": number_format(days), "hours": number_format(hours)}


@register.filter
def milliseconds(value: float | None) -> str:
    """A latency as engineers read it: "3.2 ms"; "" for None."""
    # Translators: a latency; ms is the unit.
    return "" if value is None else _("%(value)s ms") % {"value": number_format(value, decimal_pos=1)}


@register.filter
def cores(cpu_millis: int) -> str:
    """Thousandths of a core as people say them: "0.5 cores"."""
    return ngettext("%(number)s core", "%(number)s cores", 1 if cpu_millis == MILLIS_PER_CORE else 2) % {
        "number": number_format(cpu_millis / MILLIS_PER_CORE, decimal_pos=None if cpu_millis % MILLIS_PER_CORE else 0)
    }


@register.filter
def grouped(number: int) -> str:
    """A count with its thousands set apart: "1,040,573"."""
    return number_format(number, force_grouping=True)


@register.filter
def filled(text: str, value: str | int) -> SafeString:
    """A translated text with the value in its gap `{}`, escaped: what each row of a list says is translated once."""
    return mark_safe(conditional_escape(text).replace("{}", conditional_escape(str(localize(value)))))  # noqa: S308  # escaped


@register.simple_tag
def option_list(options: Iterable[_Choice]) -> SafeString:
    """The options of a select; hundreds on a page, which a loop of the template takes a millisecond for."""
    rows = ((option.value, " selected" if option.chosen else "", option.label) for option in options)
    return format_html_join("\n", '<option value="{}"{}>{}</option>', rows)


@register.filter
def task_label(task: str) -> str:
    """A task in words; one that the list lacks shows as it is."""
    return str(ModelTask(task).label) if task in ModelTask else task


@register.filter
def runtime_label(name: str) -> str:
    """A runtime as the catalogue calls it; one that the portal no longer has shows by its name."""
    return next((runtime.label for runtime in runtime_catalogue().all() if runtime.name == name), name)


@register.filter
def short_digest(digest: str) -> str:
    """`sha256:4be1…90aa` for reading; pages keep the whole digest in a title or a copy button."""
    algorithm, colon, value = digest.rpartition(":")
    if len(value) <= 2 * DIGEST_HEAD + 1:
        return digest
    return f"{algorithm}{colon}{value[:DIGEST_HEAD]}…{value[-DIGEST_HEAD:]}"


@register.filter
def path_parts(path: str) -> SafeString:
    """`weights/model.onnx` with its folder set back and its name in bold."""
    folder, slash, name = path.rpartition("/")
    return format_html('<span class="file-row__folder">{}</span><b>{}</b>', folder + slash, name)


@register.simple_tag
def page_numbers(page: Page[object]) -> Iterator[int | str]:
    """The page numbers to link, with an ellipsis where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)


@register.simple_tag
def url_if(name: str, *args: object) -> str:
    """The URL of a view that not every installation has, or "": registration runs without the deployer."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def upload_rules_script(rules: Mapping[str, object]) -> SafeString:
    """The rules for files and the upload list's texts as a JSON data block, which no browser executes."""
    return json_script(upload_page_data(rules), "upload-rules")


@register.simple_tag
def draft_texts_script() -> SafeString:
    """The autosave script's texts as a JSON data block."""
    return json_script(draft_strings(), "draft-texts")


@register.simple_tag
def codex_widget(field: BoundField) -> SafeString:
    """A form field's control with the Codex class for its kind, its own classes kept."""
    widget = field.field.widget
    classes = f"{widget.attrs.get('class', '')} {_control_class(widget)}".strip()
    return field.as_widget(attrs={"class": classes})


@register.filter
def control_kind(field: BoundField) -> str:
    """Which markup a field needs: input, textarea, select, select-multiple, file, checkbox, or choices (a group)."""
    widget = field.field.widget
    if isinstance(widget, widgets.RadioSelect | widgets.CheckboxSelectMultiple):
        return "choices"
    for kind, classes in _KINDS.items():
        if isinstance(widget, classes):
            return kind
    return "input"


# Subclasses stand before their bases: the first match wins.
_KINDS: dict[str, type[widgets.Widget]] = {
    "checkbox": widgets.CheckboxInput,
    "select-multiple": widgets.SelectMultiple,
    "select": widgets.Select,
    "textarea": widgets.Textarea,
    "file": widgets.FileInput,
}


def _control_class(widget: widgets.Widget) -> str:
    if isinstance(widget, widgets.CheckboxInput):
        return "cdx-checkbox__input"
    if isinstance(widget, widgets.Select):
        return "cdx-select"
    if isinstance(widget, widgets.Textarea):
        return "cdx-text-area__textarea"
    if isinstance(widget, widgets.FileInput):
        return "file-input"
    return "cdx-text-input__input"
