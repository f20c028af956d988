"""How often endpoints were asked, and how they answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from deployer.models.rollout import Endpoint


class RequestFigures(models.Model):
    """The prediction requests of one endpoint to one version within one span of time.

    `at` is the span's beginning in epoch seconds, a multiple of `seconds`, so that both databases group by arithmetic.
    `version_number` is 0 where no version answered. `ms_<bound>` count requests by latency, each up to its bound and
    above the one before, in the order of `deployer.latency.BOUNDS_MS`; rows are only ever added to.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="figures", db_index=False)
    version_number = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    at = models.BigIntegerField()
    requests = models.BigIntegerField()
    refused = models.BigIntegerField(help_text="Answers with a status of 4xx.")
    failed = models.BigIntegerField(help_text="Answers with a status of 5xx.")
    ms_1 = models.BigIntegerField()
    ms_2 = models.BigIntegerField()
    ms_5 = models.BigIntegerField()
    ms_10 = models.BigIntegerField()
    ms_20 = models.BigIntegerField()
    ms_35 = models.BigIntegerField()
    ms_50 = models.BigIntegerField()
    ms_75 = models.BigIntegerField()
    ms_100 = models.BigIntegerField()
    ms_150 = models.BigIntegerField()
    ms_200 = models.BigIntegerField()
    ms_300 = models.BigIntegerField()
    ms_500 = models.BigIntegerField()
    ms_750 = models.BigIntegerField()
    ms_1000 = models.BigIntegerField()
    ms_2000 = models.BigIntegerField()
    ms_5000 = models.BigIntegerField()
    ms_10000 = models.BigIntegerField()
    ms_30000 = models.BigIntegerField()
    ms_more = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "at", "seconds", "version_number"], name="request_figures_unique"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["seconds", "at"], name="request_figures_by_age")]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.at}: {self.requests}"
