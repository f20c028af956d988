"""The frame, the shared pieces and the form fields: their markup, not their looks."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import include, path
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.timezone import now

from registry.inspection.formats import browser_table
from registry.models import Account
from registry.templatetags import _icons, portal_ui

# Registration without the deployer: the frame must stand with the addresses that there are.
pytestmark = pytest.mark.urls(__name__)
urlpatterns = [
    path("", include(([path("models/", lambda _request: HttpResponse(), name="catalogue")], "registry"))),
    path("accounts/", include("allauth.urls")),
]


def render(source: str, **context: Any) -> str:
    return Template("{% load portal_ui %}" + source).render(Context(context))


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Lower case.")
    summary = forms.CharField(required=False, widget=forms.Textarea(attrs={"class": "own"}))
    task = forms.ChoiceField(choices=[("a", "A"), ("b", "B")])
    start = forms.ChoiceField(
        choices=[("std", "Standard"), ("own", "Own")], widget=forms.RadioSelect, help_text="Which?"
    )
    tags = forms.MultipleChoiceField(choices=[("x", "X")], widget=forms.CheckboxSelectMultiple)
    agree = forms.BooleanField(help_text="Read it.")
    token = forms.CharField(widget=forms.HiddenInput)


class TestIcon:
    def test_is_decorative_without_a_label(self) -> None:
        svg = render('{% icon "success" %}')
        assert svg.startswith("<svg ")
        assert 'aria-hidden="true"' in svg
        assert "role=" not in svg
        assert "<path" in svg

    def test_label_names_the_image_and_is_escaped(self) -> None:
        svg = render("{% icon 'error' label %}", label='"><script>')
        assert 'role="img"' in svg
        assert "<script>" not in svg
        assert "aria-hidden" not in svg

    def test_directional_icon_is_marked_for_mirroring(self) -> None:
        assert "icon--flip" in render('{% icon "next" %}')
        assert "icon--flip" not in render('{% icon "trash" %}')

    def test_modifiers_become_classes(self) -> None:
        assert 'class="icon icon--small icon--error"' in render('{% icon "error" "" "small error" %}')

    def test_unknown_name_is_refused(self) -> None:
        with pytest.raises(LookupError, match="no-such-icon"):
            render('{% icon "no-such-icon" %}')

    def test_missing_assets_name_the_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_icons, "ICONS_FILE", "codex/absent.json")
        _icons._icons.cache_clear()
        portal_ui._icon.cache_clear()
        try:
            with pytest.raises(ImproperlyConfigured, match=r"static/vendor\.mjs"):
                render('{% icon "success" %}')
        finally:
            _icons._icons.cache_clear()

    def test_script_specific_variant_follows_the_language(self) -> None:
        english = render('{% icon "bold" %}')
        with translation.override("ar"):
            assert render('{% icon "bold" %}') != english


class TestStatusChip:
    def test_word_icon_and_tone(self) -> None:
        html = render('{% status_chip "in_production" %}')
        assert "cdx-info-chip--success" in html
        assert "In production" in html
        assert "<svg" in html

    def test_own_label_keeps_the_tone(self) -> None:
        html = render('{% status_chip "fail" "1 check failed" %}')
        assert "cdx-info-chip--error" in html
        assert "1 check failed" in html

    def test_a_chip_of_safe_markup_is_not_shown_for_a_label_that_only_reads_the_same(self) -> None:
        label = "<i>half</i> done"
        assert label in render('{% status_chip "fail" label %}', label=mark_safe(label))
        assert label not in render('{% status_chip "fail" label %}', label=label)

    def test_unknown_state_still_shows_itself(self) -> None:
        assert "Half done" in render('{% status_chip "half_done" %}')


class TestTimes:
    @pytest.mark.parametrize(
        ("offset", "expected"),
        [
            (timedelta(seconds=5), "just now"),
            (timedelta(hours=3, minutes=20), "3 hours ago"),
            (timedelta(days=9, hours=1), "1 week ago"),
            (-timedelta(hours=2, minutes=1), "in 2 hours"),
        ],
    )
    def test_relative_time_reads_as_a_distance(self, offset: timedelta, expected: str) -> None:
        moment = now() - offset
        html = render("{% relative_time at %}", at=moment).replace("\xa0", " ")
        assert f">{expected}</time>" in html
        assert f'title="{moment:%Y-%m-%d %H:%M:%S} UTC"' in html

    def test_no_moment_is_a_dash(self) -> None:
        assert render("{% relative_time at %}", at=None) == "\N{EN DASH}"

    @pytest.mark.parametrize(
        ("ms", "expected"),
        [(None, ""), (0, "<1 s"), (499, "<1 s"), (2000, "2 s"), (60_000, "1 min"), (65_000, "1 min 5 s")],
    )
    def test_duration(self, ms: float | None, expected: str) -> None:
        assert render("{% autoescape off %}{{ ms|duration_ms }}{% endautoescape %}", ms=ms) == expected


class TestText:
    def test_digest_is_shortened_in_the_middle(self) -> None:
        assert render("{{ d|short_digest }}", d="sha256:4be1" + "0" * 56 + "90aa") == "sha256:4be1…90aa"
        assert render("{{ d|short_digest }}", d="4be1" + "0" * 56 + "90aa") == "4be1…90aa"
        assert render("{{ d|short_digest }}", d="abc") == "abc"

    @pytest.mark.parametrize(("millis", "expected"), [(1000, "1 core"), (500, "0.5 cores"), (2000, "2 cores")])
    def test_processors_are_said_in_cores(self, millis: int, expected: str) -> None:
        assert render("{{ millis|cores }}", millis=millis) == expected

    def test_long_counts_are_grouped(self) -> None:
        assert render("{{ count|grouped }}", count=1040573) == "1,040,573"

    def test_codes_are_said_in_words_where_there_are_some(self) -> None:
        assert render("{{ code|task_label }}", code="image-to-text") == "Image to text"
        assert render("{{ code|task_label }}", code="of-old") == "of-old"
        assert render("{{ code|runtime_label }}", code="xgboost-json") == "XGBoost 2.1 (JSON)"
        assert render("{{ code|runtime_label }}", code="gone") == "gone"

    def test_hostile_path_is_escaped(self) -> None:
        html = render("{{ p|path_parts }}", p="<b>/<script>x")
        assert "<script>" not in html
        assert '<span class="file-row__folder">&lt;b&gt;/</span>' in html


class TestLists:
    def test_a_gap_is_filled_with_text_that_no_browser_executes(self) -> None:
        shown = render("{{ by|filled:name }}, {{ by|filled:4 }}", by=mark_safe("By <bdi>{}</bdi>"), name="<b>{x}")

        assert shown == "By <bdi>&lt;b&gt;{x}</bdi>, By <bdi>4</bdi>"

    def test_options_are_escaped_and_one_is_chosen(self) -> None:
        options = [
            SimpleNamespace(value='"a"', label="<i>", chosen=False),
            SimpleNamespace(value="b", label=mark_safe("B&amp;b"), chosen=True),
        ]

        assert render("{% option_list options %}", options=options).split("\n") == [
            '<option value="&quot;a&quot;">&lt;i&gt;</option>',
            '<option value="b" selected>B&amp;b</option>',
        ]


class TestFormFields:
    def test_every_control_is_named_and_described(self) -> None:
        html = SampleForm({"name": ""}, auto_id="id_%s").as_div()
        assert 'for="id_name"' in html
        assert 'id="id_name_helptext"' in html
        assert 'id="id_name_error"' in html
        assert 'aria-describedby="id_name_helptext id_name_error"' in html
        assert 'aria-invalid="true"' in html

    def test_codex_classes_join_own_ones(self) -> None:
        html = SampleForm().as_div()
        assert 'class="cdx-text-input__input"' in html
        assert 'class="own cdx-text-area__textarea"' in html
        assert 'class="cdx-select"' in html

    def test_groups_are_fieldsets_with_one_legend(self) -> None:
        html = SampleForm({"start": "own"}).as_div()
        assert html.count("<fieldset") == html.count("<legend") == 2
        radios = html.split('type="radio"')
        assert len(radios) == 3
        assert "checked" in radios[2].split(">")[0]
        assert "checked" not in radios[1].split(">")[0]

    def test_error_summary_links_to_the_fields(self) -> None:
        html = SampleForm({"name": ""}).as_div()
        summary = html[: html.index("</ul>")]
        assert 'href="#id_name"' in summary
        assert 'href="#id_start"' in summary
        assert 'id="id_start"' in html
        assert "Token: " in summary

    def test_fresh_form_shows_no_error(self) -> None:
        html = SampleForm().as_div()
        assert "error-summary" not in html
        assert 'type="hidden"' in html

    def test_optional_fields_say_so(self) -> None:
        assert SampleForm().as_div().count("(optional)") == 1


class TestPieces:
    def test_checks_open_the_failed_ones_and_name_the_verdict(self) -> None:
        checks = [
            SimpleNamespace(
                name="Card", verdict="fail", summary="<i>empty", advice="Fill it.", details="", duration_ms=20
            ),
            SimpleNamespace(name="Size", verdict="pass", summary="fine", advice="", details="4 kB", duration_ms=2000),
        ]
        html = render_to_string("includes/checks.html", {"checks": checks})
        assert "<i>" not in html
        assert 'aria-label="Failed"' in html
        assert 'aria-label="Passed"' in html
        assert html.count("<details") == 2
        failed, passed = html.split("<li ")[1:]
        assert "open>" in failed.replace("\n", "").replace(" ", "")
        assert "open>" not in passed.replace("\n", "").replace(" ", "")

    def test_file_rows_tell_refused_from_verified(self) -> None:
        files = [
            SimpleNamespace(path="a/m.onnx", size=2048, sha256="9f2c" + "0" * 56 + "41be", verdict="pass"),
            SimpleNamespace(path="m.pkl", size=10, sha256="", verdict="fail", summary="Pickle.", advice="Convert."),
        ]
        html = render_to_string("includes/file_rows.html", {"files": files})
        assert "Uploaded and verified" in html
        assert "9f2c…41be" in html
        assert "Pickle." in html
        assert "Convert." in html

    def test_timeline_without_an_actor_speaks_of_the_portal(self) -> None:
        events = [SimpleNamespace(at=now(), actor_name="", text="started the build")]
        html = render_to_string("includes/timeline.html", {"events": events})
        assert "The portal" in html
        assert "started the build" in html

    def test_pagination_keeps_the_filters_and_marks_the_page(self) -> None:
        request = RequestFactory().get("/models/?q=risk&page=7")
        page = Paginator(range(400), 20).page(7)
        html = render_to_string("includes/pagination.html", {"page": page, "request": request})
        assert "q=risk&amp;page=8" in html
        assert '<span aria-current="page">7</span>' in html
        assert "121\N{EN DASH}140 of 400" in html

    def test_a_single_page_needs_no_links(self) -> None:
        request = RequestFactory().get("/models/")
        page = Paginator(range(3), 20).page(1)
        assert render_to_string("includes/pagination.html", {"page": page, "request": request}).strip() == ""

    def test_snippet_escapes_and_hides_its_button_until_a_script_runs(self) -> None:
        html = render_to_string("includes/snippet.html", {"snippet_id": "s", "text": "a < b"})
        assert "a &lt; b" in html
        assert "hidden>" in html


@pytest.mark.urls("portal.urls")
class TestUploadForm:
    def form(self, **rules: Any) -> str:
        upload = {"url": "/u/1", "path": "a/<m>.onnx", "size": 9, "offset": 4, "modified": "17", "remove_url": "/rm/"}
        context = {
            "version": SimpleNamespace(pk=7),
            "upload_rules": {**browser_table(), "max_file_bytes": 10, "max_total_bytes": 20, **rules},
            "form_upload_max_bytes": 2**20,
            "unfinished": [upload],
            "files": [],
        }
        return render_to_string("includes/upload_form.html", context)

    def test_rules_and_texts_are_data_that_cannot_break_out(self) -> None:
        html = self.form(hostile="</script><b>")
        block = html.split('<script id="upload-rules" type="application/json">')[1].split("</script>")[0]
        rules = json.loads(block)
        assert rules["hostile"] == "</script><b>"
        assert rules["strings"]["pause"] == "Pause {name}"
        assert "pickle" in rules["messages"]["gate.pickle"]["reason"]
        assert "{extension}" in rules["messages"]["gate.unknown"]["reason"]
        assert ".onnx" in rules["messages"]["gate.unknown"]["advice"]

    def test_unfinished_uploads_can_be_removed_without_a_script(self) -> None:
        html = self.form()
        assert 'data-upload-url="/u/1"' in html
        assert 'data-modified="17"' in html
        assert 'formaction="/rm/"' in html
        assert "<m>" not in html

    def test_plain_form_is_whole(self) -> None:
        html = self.form()
        assert 'enctype="multipart/form-data"' in html
        assert 'name="files"' in html
        assert 'action="/drafts/7/files/add/"' in html


@pytest.mark.django_db
class TestAccountPages:
    @pytest.fixture(autouse=True)
    def _collected_files(self, settings: Any, tmp_path: Path) -> None:
        settings.STATIC_ROOT = tmp_path

    def test_sign_up_is_drawn_in_the_frame_with_every_field_labelled(self, client: Client) -> None:
        html = client.get("/accounts/signup/").content.decode()
        assert 'class="site-header"' in html
        assert html.count("cdx-text-input__input") == 5  # the search and four fields
        for name in ("username", "email", "password1", "password2"):
            assert f'for="id_{name}"' in html
        assert html.count("(optional)") == 1

    def test_a_wrong_password_is_told_above_the_form(self, client: Client) -> None:
        html = client.post("/accounts/login/", {"login": "nobody", "password": "wrong"}).content.decode()
        assert html.index("error-summary") < html.index('id="id_login"')

    def test_signing_out_asks_by_a_form(self, client: Client, django_user_model: type[Account]) -> None:
        client.force_login(django_user_model.objects.create_user("amina"))
        html = client.get("/accounts/logout/").content.decode()
        assert '<form method="post" action="/accounts/logout/">' in " ".join(html.split())
        assert "amina" in html


class TestFrame:
    def page(self, **context: Any) -> str:
        request = RequestFactory().get("/models/")
        request.user = AnonymousUser()
        return Template('{% extends "base.html" %}{% block title %}Demo{% endblock %}').render(
            Context({"request": request, "user": request.user, **context})
        )

    def test_needs_no_context_at_all(self) -> None:
        html = Template('{% extends "base.html" %}').render(Context())
        assert 'id="content"' in html
        assert "Model Commons" in html

    def test_entries_without_an_address_are_left_out_and_the_page_itself_is_marked(self) -> None:
        html = self.page()
        assert "Operations" not in html
        assert html.count('aria-current="page"') == 2
        assert html.count('href="/models/"') == 2

    def test_theme_comes_from_the_cookie_and_nothing_else_does(self) -> None:
        assert 'data-theme="dark"' in self.page(theme="dark")
        assert "data-theme=" not in self.page(theme='"><script>').split("<head>")[0]

    def test_direction_and_style_sheet_follow_the_language(self) -> None:
        assert 'dir="ltr"' in self.page()
        assert "codex/codex.css" in self.page()
        with translation.override("ar"):
            html = self.page()
        assert 'lang="ar"' in html
        assert 'dir="rtl"' in html
        assert "codex/codex-rtl.css" in html

    def test_nothing_inline_that_the_content_security_policy_refuses(self) -> None:
        html = self.page()
        assert " style=" not in html
        assert "<style" not in html
        assert "onclick" not in html
        assert all("src=" in each.split(">")[0] for each in html.split("<script")[1:])

    @pytest.mark.parametrize("name", ["403_csrf.html", "500.html", "503.html"])
    def test_error_pages_render_without_context(self, name: str) -> None:
        html = render_to_string(name)
        assert html.count("<h1") == 1
        assert name[:3] in html

    def test_expected_error_shows_text_code_and_reference(self) -> None:
        text = SimpleNamespace(title="This file is a pickle.", body="Convert it.")
        context = {"text": text, "code": "gate.pickle", "request_id": "abc123"}
        html = render_to_string("errors/portal_error.html", context)
        for part in ("This file is a pickle.", "Convert it.", "gate.pickle", "abc123"):
            assert part in html
