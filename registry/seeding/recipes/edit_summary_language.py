"""Which language is an edit summary written in? A scikit-learn pipeline over the text, kept as skops."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.metrics import f1_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline

from registry.seeding.card import fill_card
from registry.seeding.inputs.edit_summary import plain_text
from registry.seeding.packaged import Package
from registry.seeding.product import Example, Product
from registry.seeding.skops_file import dump_estimator
from registry.seeding.tensors import answer, request

PYWIKIBOT = Package("pywikibot-scripts")
DOCUMENTATION = "qqq"  # notes for translators, filed like a language
FEWEST_LETTERS = 8
FEWEST_MESSAGES = 100
SHORT = 25
SURE = 0.8
EXAMPLES = (
    ("Two summaries in German and French", ["Rechtschreibung korrigiert, Quelle ergänzt", "ajout d'une source"]),
    ("Three scripts", ["correction of a broken external link", "исправление опечатки", "تصحيح خطأ إملائي"]),
    ("Too short to be sure", ["rm vandalism"]),
)


class Message(NamedTuple):
    """A text that a bot leaves behind, and the script that it belongs to."""

    language: str
    script: str
    text: str


def build() -> Product:
    """Train on most scripts' messages, measure on the rest."""
    messages = _messages()
    held_out = set(sorted({message.script for message in messages})[::5])
    training = [message for message in messages if message.script not in held_out]
    test = [message for message in messages if message.script in held_out]
    pipeline = _pipeline().fit([message.text for message in training], [message.language for message in training])
    return Product(
        owner="research-team",
        owner_kind="team",
        name="edit-summary-language",
        title="Edit summary language",
        summary=f"Tells in which of {len(pipeline.classes_)} languages an edit summary is written.",
        task="language-identification",
        licence="MIT",
        model_format="skops",
        files={"model.skops": dump_estimator(pipeline), "LICENSE": PYWIKIBOT.licence_text},
        card=fill_card(
            __file__,
            version=PYWIKIBOT.version,
            languages=", ".join(pipeline.classes_),
            classes=len(pipeline.classes_),
            trained=len(training),
            scripts=len({message.script for message in training}),
            tested=len(test),
            test_scripts=", ".join(sorted(held_out)),
            **_measure(pipeline, test),
        ),
        examples=[_example(pipeline, title, texts) for title, texts in EXAMPLES],
    )


def _messages() -> list[Message]:
    """Every usable message of the languages that have enough, in a fixed order."""
    found = []
    for path in PYWIKIBOT.matching("pywikibot_scripts/i18n/*/*.json"):
        if path.stem != DOCUMENTATION:
            texts = PYWIKIBOT.read_json(str(path)).values()
            found += [Message(path.stem, path.parent.name, plain_text(text)) for text in texts if isinstance(text, str)]
    found = [message for message in found if sum(map(str.isalpha, message.text)) >= FEWEST_LETTERS]
    enough = Counter(message.language for message in found)
    spoken = defaultdict(set)
    for message in found:
        spoken[message.text].add(message.language)
    # A text that stands under two languages was copied, or is the same word in both: no label would be right.
    return [
        message for message in found if enough[message.language] >= FEWEST_MESSAGES and len(spoken[message.text]) == 1
    ]


def _pipeline() -> Pipeline:
    """Hashing keeps no vocabulary, so the file holds numbers only and cannot quote what it was trained on."""
    ngrams = HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 3), n_features=2**13, alternate_sign=False, norm=None
    )
    weights = TfidfTransformer(sublinear_tf=True)
    return Pipeline([("ngrams", ngrams), ("weights", weights), ("classifier", MultinomialNB(alpha=0.01))])


def _measure(pipeline: Pipeline, test: list[Message]) -> dict[str, str | float]:
    texts = [message.text for message in test]
    truth = np.array([message.language for message in test])
    probabilities = pipeline.predict_proba(texts)
    predicted = pipeline.classes_[probabilities.argmax(axis=1)]
    right = predicted == truth
    sure = probabilities.max(axis=1) >= SURE
    short = np.array([len(text) < SHORT for text in texts])
    scores = f1_score(truth, predicted, average=None, labels=pipeline.classes_)
    by_language = dict(zip(pipeline.classes_, scores, strict=True))
    weakest = sorted(by_language, key=lambda language: (by_language[language], language))[:6]
    return {
        "accuracy": float(right.mean()),
        "macro_f1": float(np.mean(list(by_language.values()))),
        "short_accuracy": float(right[short].mean()),
        "short_share": float(short.mean()),
        "sure_accuracy": float(right[sure].mean()),
        "sure_share": float(sure.mean()),
        "weakest": ", ".join(f"{language} ({by_language[language]:.2f})" for language in weakest),
    }


def _example(pipeline: Pipeline, title: str, texts: list[str]) -> Example:
    batch = np.array(texts, dtype=object)
    expected = answer(predict=pipeline.predict(batch), predict_proba=pipeline.predict_proba(batch))
    return Example(title=title, request=request("input-0", batch), expected=expected, tolerance=1e-6)
