"""Packaging approved versions, and handing their images over."""

from __future__ import annotations

from django.conf import settings

from deployer import phases, services
from deployer.attestations import attachments_of
from deployer.backends import approved_repository, image_builder, signer
from deployer.errors import PortalError
from deployer.interfaces import BuiltImage
from deployer.models import ImageBuild
from deployer.packaging import checked_spec
from deployer.reporting import logged, throttled
from registry.jobs.queue import Claim, Due


def build_image(claim: Claim) -> Due:
    """Package an approved version. Entry: queued or building. Exit: succeeded with the rollout due, or cancelled."""
    build = _build(claim)
    with claim.writing():
        code = "build_log.resumed" if build.phases else "build_log.begun"
        if not services.begin_build(build=build):
            return ()
        phases.begin_phase(build, "checking")
        services.log_line(build=build, code=code, params={"attempt": claim.attempt})
    spec = checked_spec(build.version, build.content_digest)
    with claim.writing():
        phases.begin_phase(build, "packaging")
        services.log_line(build=build, code="build_log.checked", params={"digest": build.content_digest})
        for file in spec.files:
            services.log_line(build=build, code="build_log.file", params={"path": file.path, "size_bytes": file.size})
    image = image_builder().build(spec, progress=logged(claim, build))
    reference = _published(claim, build, image)
    with claim.writing():
        build.refresh_from_db()
        return services.finish_build(build=build, built_digest=image.digest, reference=reference)


def end_build(claim: Claim, error: PortalError) -> Due:
    """Entry: queued or building. Exit: failed."""
    return services.fail_build(build=_build(claim), error=error)


def _published(claim: Claim, build: ImageBuild, image: BuiltImage) -> str:
    """Hand the image over to those who serve it, if it is the approved one and still wanted; where to pull it from."""
    with claim.writing():
        build.refresh_from_db()
        if not services.may_publish(build=build, built_digest=image.digest):
            return ""
        phases.begin_phase(build, "publishing")
    report = throttled(claim)
    return image_builder().publish(
        image.digest,
        attachments=attachments_of(
            build,
            image,
            builder_id=settings.SITE_URL or "urn:model-commons:builder",
            signer=signer(),
            repository=approved_repository(),
        ),
        progress=lambda done, total: report("publishing", done, total),
    )


def _build(claim: Claim) -> ImageBuild:
    return ImageBuild.objects.select_related("version__registered_model__owner").get(pk=claim.subject_id)
