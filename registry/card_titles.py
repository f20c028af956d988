"""The titles by which a card's sections are known, beside our own: other habits, and other languages.

Titles are compared by `folded_title`: case, punctuation, numbering and emphasis do not count. Model cards of the hubs
and those that people write in their own language are recognised; a list per language is kept here so that a reader of
one can mend it. Codes are ISO 639-1; "en" holds other English titles.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_NUMBERING = re.compile(r"^(?:\d+ )+")

ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "intended_use": {
        "en": (
            "Intended uses", "Uses", "Use", "Intended use and users", "Intended uses & limitations", "Direct use",
            "Primary intended uses", "Use cases",
        ),
        "de": ("Verwendungszweck", "Vorgesehene Verwendung", "Einsatzzweck", "Beabsichtigte Nutzung"),
        "fr": ("Utilisation prévue", "Usage prévu", "Utilisations prévues", "Usages"),
        "es": ("Uso previsto", "Usos previstos", "Usos"),
        "it": ("Uso previsto", "Usi previsti"),
        "pt": ("Uso pretendido", "Uso previsto", "Usos"),
        "nl": ("Beoogd gebruik", "Gebruik"),
        "pl": ("Przeznaczenie", "Zamierzone zastosowanie", "Zastosowanie"),
        "ru": ("Назначение", "Предполагаемое использование", "Применение"),
        "uk": ("Призначення", "Передбачене використання"),
        "ar": ("الاستخدام المقصود", "الاستخدام", "الغرض"),
        "he": ("שימוש מיועד", "שימושים"),
        "fa": ("کاربرد مورد نظر", "کاربردها"),
        "hi": ("अभिप्रेत उपयोग", "उपयोग"),
        "ja": ("想定用途", "使用目的", "用途"),
        "zh": ("预期用途", "用途", "預期用途"),
    },
    "training_data": {
        "en": (
            "Data", "Training", "Training dataset", "Training data and procedure", "Training details", "Dataset",
            "Datasets",
        ),
        "de": ("Trainingsdaten", "Daten", "Datengrundlage"),
        "fr": ("Données d'entraînement", "Données", "Données d'apprentissage"),
        "es": ("Datos de entrenamiento", "Datos"),
        "it": ("Dati di addestramento", "Dati"),
        "pt": ("Dados de treinamento", "Dados de treino", "Dados"),
        "nl": ("Trainingsgegevens", "Trainingsdata", "Gegevens"),
        "pl": ("Dane treningowe", "Dane uczące", "Dane"),
        "ru": ("Обучающие данные", "Данные для обучения", "Данные"),
        "uk": ("Навчальні дані", "Дані"),
        "ar": ("بيانات التدريب", "البيانات"),
        "he": ("נתוני אימון", "נתונים"),
        "fa": ("داده‌های آموزشی", "داده‌ها"),
        "hi": ("प्रशिक्षण डेटा", "डेटा"),
        "ja": ("学習データ", "訓練データ", "データ"),
        "zh": ("训练数据", "数据", "訓練資料"),
    },
    "evaluation": {
        "en": (
            "Evaluation results", "Evaluation data", "Results", "Metrics", "Performance", "Quantitative analyses",
            "Testing", "Benchmarks",
        ),
        "de": ("Auswertung", "Bewertung", "Evaluierung", "Ergebnisse"),
        "fr": ("Évaluation", "Résultats", "Performances"),
        "es": ("Evaluación", "Resultados", "Rendimiento"),
        "it": ("Valutazione", "Risultati"),
        "pt": ("Avaliação", "Resultados", "Desempenho"),
        "nl": ("Evaluatie", "Resultaten"),
        "pl": ("Ewaluacja", "Ocena", "Wyniki"),
        "ru": ("Оценка", "Результаты", "Качество"),
        "uk": ("Оцінювання", "Результати"),
        "ar": ("التقييم", "النتائج"),
        "he": ("הערכה", "תוצאות"),
        "fa": ("ارزیابی", "نتایج"),
        "hi": ("मूल्यांकन", "परिणाम"),
        "ja": ("評価", "評価結果", "性能"),
        "zh": ("评估", "评估结果", "評估"),
    },
    "limitations": {
        "en": (
            "Known limitations", "Limits", "Limitations and caveats", "Caveats and recommendations",
            "Intended uses & limitations", "Bias, risks, and limitations", "Out-of-scope use",
        ),
        "de": ("Einschränkungen", "Grenzen", "Bekannte Einschränkungen"),
        "fr": ("Limites", "Limitations"),
        "es": ("Limitaciones", "Límites"),
        "it": ("Limitazioni", "Limiti"),
        "pt": ("Limitações", "Limites"),
        "nl": ("Beperkingen",),
        "pl": ("Ograniczenia",),
        "ru": ("Ограничения",),
        "uk": ("Обмеження",),
        "ar": ("القيود", "حدود النموذج"),
        "he": ("מגבלות",),
        "fa": ("محدودیت‌ها",),
        "hi": ("सीमाएँ", "सीमाएं"),
        "ja": ("制限", "制限事項", "限界"),
        "zh": ("局限性", "限制"),
    },
    "bias_and_risks": {
        "en": (
            "Bias", "Risks", "Bias, risks, and limitations", "Ethical considerations",
            "Biases and risks", "Risks and biases", "Fairness", "Bias, risks",
        ),
        "de": ("Verzerrungen und Risiken", "Bias und Risiken", "Risiken", "Ethische Überlegungen"),
        "fr": ("Biais et risques", "Risques", "Considérations éthiques"),
        "es": ("Sesgos y riesgos", "Sesgo y riesgos", "Riesgos", "Consideraciones éticas"),
        "it": ("Bias e rischi", "Distorsioni e rischi", "Rischi"),
        "pt": ("Viés e riscos", "Vieses e riscos", "Riscos"),
        "nl": ("Vooringenomenheid en risico's", "Bias en risico's", "Risico's"),
        "pl": ("Uprzedzenia i ryzyko", "Stronniczość i zagrożenia", "Ryzyko"),
        "ru": ("Предвзятость и риски", "Смещения и риски", "Риски"),
        "uk": ("Упередження та ризики", "Ризики"),
        "ar": ("التحيز والمخاطر", "التحيزات والمخاطر", "المخاطر"),
        "he": ("הטיה וסיכונים", "הטיות וסיכונים", "סיכונים"),
        "fa": ("سوگیری و خطرها", "خطرها"),
        "hi": ("पूर्वाग्रह और जोखिम", "जोखिम"),
        "ja": ("バイアスとリスク", "偏りとリスク", "リスク"),
        "zh": ("偏见与风险", "偏差与风险", "风险", "偏見與風險"),
    },
    "interface": {
        "en": ("Technical details", "Model details", "Input and output", "Technical specifications"),
        "de": ("Ein- und Ausgaben", "Technische Angaben", "Technische Details"),
        "fr": ("Entrées et sorties", "Détails techniques"),
        "es": ("Entradas y salidas", "Detalles técnicos"),
        "it": ("Ingressi e uscite", "Dettagli tecnici"),
        "pt": ("Entradas e saídas", "Detalhes técnicos"),
        "nl": ("Invoer en uitvoer", "Technische details"),
        "pl": ("Wejścia i wyjścia", "Szczegóły techniczne"),
        "ru": ("Входы и выходы", "Технические подробности"),
        "uk": ("Входи та виходи", "Технічні подробиці"),
        "ar": ("المدخلات والمخرجات", "التفاصيل التقنية"),
        "he": ("קלט ופלט", "פרטים טכניים"),
        "fa": ("ورودی‌ها و خروجی‌ها",),
        "hi": ("इनपुट और आउटपुट",),
        "ja": ("入力と出力", "技術仕様"),
        "zh": ("输入和输出", "输入与输出", "技术细节"),
    },
}  # fmt: skip


def folded_title(title: str) -> str:
    """A title as it is compared: "**1. Intended Use:**" and "intended use" are the same."""
    text = unicodedata.normalize("NFKC", title).casefold().replace("&", " and ")
    kept = "".join(char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in text)
    plain = " ".join(kept.split())
    return _NUMBERING.sub("", plain)


TITLES: Mapping[str, frozenset[str]] = {
    key: frozenset(folded_title(title) for titles in languages.values() for title in titles)
    for key, languages in ALIASES.items()
}
