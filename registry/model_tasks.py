"""What models do: the words that catalogue filters use, as in the model hubs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelTask(models.TextChoices):
    """A task by its usual name."""

    TEXT_CLASSIFICATION = "text-classification", _("Text classification")
    LANGUAGE_IDENTIFICATION = "language-identification", _("Language identification")
    TABULAR_CLASSIFICATION = "tabular-classification", _("Classification of tabular data")
    TABULAR_REGRESSION = "tabular-regression", _("Regression on tabular data")
    IMAGE_CLASSIFICATION = "image-classification", _("Image classification")
    IMAGE_TO_TEXT = "image-to-text", _("Image to text")
    AUDIO_CLASSIFICATION = "audio-classification", _("Audio classification")
    FILE_TYPE = "file-type-identification", _("File type identification")
    FEATURE_EXTRACTION = "feature-extraction", _("Feature extraction")
    RANKING = "ranking", _("Ranking")
    RECOMMENDATION = "recommendation", _("Recommendation")
    TIME_SERIES = "time-series-forecasting", _("Time series forecasting")
    OTHER = "other", _("Something else")
