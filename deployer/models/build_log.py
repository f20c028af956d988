"""What a build did, line by line."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from deployer.models.build import ImageBuild


class BuildLogLine(models.Model):
    """One line of a build's public log: a message id and what fills its text, for each reader's own language."""

    build = models.ForeignKey(ImageBuild, on_delete=models.CASCADE, related_name="log_lines")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    code = models.CharField(max_length=80)
    params = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["build", "number"], name="build_log_line_unique")]
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.code}"
