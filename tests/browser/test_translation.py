"""In a made-up language, every word that is not marked as translated or as data is one that escapes translation."""

from __future__ import annotations

import json
from typing import Any

from tests.browser.pages import places
from tests.browser.visitors import Visitors
from tests.locale.pseudo import LANGUAGE

NARROW = 320
# Data is marked as such: names, code, free text and times by their elements; what cannot be marked is told here.
UNTRANSLATED = r"""
() => {
  const OPEN = '⟦', CLOSE = '⟧';
  const DATA = 'bdi, code, pre, kbd, samp, time, body [dir="ltr"], [dir="auto"], .prose, ' +
    'body [lang], script, style, template, .error-page__code, ' +
    ['licence', 'format', 'owner', 'language', 'assignee'].map((name) => `select[name="${name}"] option`).join();
  const WORDS = /\p{L}{2,}/u;
  const NAMES = /^(Model Commons|BibTeX|SHA-256|[45]xx|U?INT\d+|FP\d+|BOOL|BYTES)$/;
  const found = [];
  let depth = 0;
  const outside = (text) => {
    let rest = '';
    for (const letter of text) {
      if (letter === OPEN) depth += 1;
      else if (letter === CLOSE) depth -= 1;
      else if (depth === 0) rest += letter;
    }
    return rest.trim();
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const inData = node.parentElement.closest(DATA);
    const rest = outside(node.data);
    if (!inData && WORDS.test(rest) && !NAMES.test(rest)) found.push(rest.slice(0, 80));
  }
  if (depth !== 0) found.push('brackets do not close');
  const check = (where, value) => {
    depth = 0;
    const rest = outside(value);
    if (WORDS.test(rest) && !NAMES.test(rest)) found.push(`${where}: ${value.slice(0, 80)}`);
  };
  for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'data-copied']) {
    for (const element of document.body.querySelectorAll(`[${name}]`)) {
      if (!element.closest(DATA)) check(name, element.getAttribute(name));
    }
  }
  // A title repeats names that stand marked on the page.
  const names = [...document.body.querySelectorAll('bdi, [dir]')].map((element) => element.textContent.trim());
  let title = document.title.replace(/ \u2013 Model Commons$/, "");
  for (const name of names.filter(Boolean).sort((a, b) => b.length - a.length)) title = title.replaceAll(name, '');
  check('document title', title);
  const SENTENCE = /\p{L} \p{L}/u;
  for (const element of document.body.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith('data-') && SENTENCE.test(value) && !element.closest(DATA)) check(name, value);
    }
  }
  for (const button of document.body.querySelectorAll('input[type="submit"]')) check('value', button.value);
  const rules = document.getElementById('upload-rules');
  if (rules) {
    const { strings } = JSON.parse(rules.textContent);
    for (const [key, text] of Object.entries(strings)) check(`script's ${key}`, String(text).replace(/\{\w+\}/g, ''));
  }
  return [...new Set(found)];
}
"""


def test_the_search_for_untranslated_texts_finds_them(visitors: Visitors) -> None:
    page = visitors.enter()
    page.goto("/models/")
    found = page.evaluate(UNTRANSLATED)
    assert "Skip to content" in found
    assert "aria-label: Search models" in found


def test_no_text_escapes_translation_and_longer_texts_fit(visitors: Visitors, scene: dict[str, str]) -> None:
    options: dict[str, Any] = {"viewport": {"width": NARROW, "height": 640}, "locale": LANGUAGE}
    untranslated, too_wide = {}, {}
    for place, page in visitors.tour(places(scene), **options):
        assert page.locator("html").get_attribute("lang") == LANGUAGE, place
        if found := page.evaluate(UNTRANSLATED):
            untranslated[place.name] = found
        if (width := page.evaluate("document.documentElement.scrollWidth")) > NARROW:
            too_wide[place.name] = width
    assert not untranslated, json.dumps(untranslated, indent=1, ensure_ascii=False)
    assert too_wide == {}
