"""The texts of packaging and serving, by message id: what happened, why, and who does what about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

_BUILD = {
    "build.bad_label": Message(
        _("The image's description holds characters that no image can carry."),
        _("The label “%(label)s” is not printable text. Correct the licence or the model's name and submit again."),
    ),
    "build.bad_path": Message(
        _("A file's name cannot be packaged."),
        _("“%(path)s” has empty or relative parts, or characters that cannot be printed. Rename the file."),
    ),
    "build.blob_changed": Message(
        _("A stored file is damaged."),
        _(
            "The bytes of “%(path)s” are no longer those that were uploaded, so nothing was built from them. "
            "An operator must check the storage and restore the file from a backup."
        ),
    ),
    "build.content_changed": Message(
        _("The content is not what was reviewed."),
        _(
            "Something changed this version after its review, so nothing was built from it. "
            "An operator must find out what wrote to the database."
        ),
    ),
    "build.digest_mismatch": Message(
        _("The image is not the one that was approved."),
        _(
            "Approved was %(approved)s, built was %(built)s. The image is refused. "
            "An operator must find out why packaging gave another result."
        ),
    ),
    "build.duplicate_path": Message(
        _("Two files claim the same place."),
        _("“%(path)s” is needed twice in the image. Rename one of the files."),
    ),
    "build.image_corrupt": Message(
        _("A stored image is damaged."),
        _("The description of %(digest)s was altered. An operator must delete it and build it again."),
    ),
    "build.image_missing": Message(
        _("There is no such image."), _("%(digest)s is not stored here. Check the digest, or build the version again.")
    ),
    "build.no_files": Message(_("There is nothing to package."), _("The version has no files. Add the model file.")),
    "build.no_model_file": Message(
        _("There is no model file to package."),
        _("None of the files is a model that a runtime of this portal reads. Add one and submit again."),
    ),
    "build.path_too_long": Message(
        _("A file's name is too long to be packaged."), _("Shorten “%(path)s” to less than 90 characters.")
    ),
    "build.reserved_name": Message(
        _("A file's name has a meaning of its own in an image."),
        _("“%(path)s” would delete another file when the image is unpacked. Rename it."),
    ),
    "build.unknown": Message(_("There is no such image build."), _("The address may be old or mistyped.")),
    "build.version_not_approved": Message(
        _("This version is not approved any more."), _("Only approved versions are built. Look at its page.")
    ),
    "export.bad_ref_name": Message(
        _("“%(ref_name)s” cannot name an image in a layout."),
        _("Use letters, digits and single . _ - : @ / + between them."),
    ),
    "export.layer_changed": Message(
        _("A stored file is damaged."),
        _("The bytes of layer %(digest)s are not those that were packaged. Nothing was exported."),
    ),
    "export.not_built": Message(
        _("This version has no image yet."), _("Its image is made after its checks. Try again when it is in review.")
    ),
    "export.target_exists": Message(_("%(target)s is not empty."), _("Choose a folder that does not exist yet.")),
    "export.unknown": Message(
        _("There is no version or image “%(what)s”."),
        _("Give a digest as sha256:…, or a version as owner/name/number."),
    ),
    "reference.bad_digest": Message(
        _("“%(digest)s” is not a digest."), _("A digest reads sha256: and 64 lower-case hexadecimal digits.")
    ),
    "reference.malformed": Message(
        _("“%(reference)s” is not an image reference."), _("Write it as registry/repository:tag or …@sha256:…")
    ),
}
_SERVING = {
    "runtime.environment_broken": Message(
        _("The runtime's environment is broken."),
        _("Its files are incomplete. An operator must delete the environment; it is then made anew."),
    ),
    "runtime.install_busy": Message(
        _("The runtime's environment is still being made."), _("Another process makes it. This step is repeated.")
    ),
    "runtime.install_failed": Message(
        _("The environment of the runtime “%(runtime)s” could not be made."),
        _("Its packages could not be installed. An operator must look at the log: network, disk space or a proxy."),
    ),
    "runtime.install_timeout": Message(
        _("Making the environment of the runtime “%(runtime)s” took too long."),
        _("An operator must check the network and the disk, then repeat the step."),
    ),
    "runtime.installer_missing": Message(
        _("The program that makes runtime environments is missing."),
        _("An operator must install the portal's requirements again: uv is one of them."),
    ),
    "runtime.unknown": Message(
        _("This portal has no runtime “%(runtime)s”."),
        _("An operator must add it, or the submitter must convert the model to a supported format."),
    ),
    "serving.answer_not_json": Message(
        _("The model server's answer is not JSON."), _("The submitter should look at the log of the replica.")
    ),
    "serving.answer_too_large": Message(
        _("The model's answer is too large."), _("An answer may have at most %(limit)s bytes. Ask for fewer rows.")
    ),
    "serving.bad_file_path": Message(
        _("A file's name cannot be put in front of the model server."), _("Rename “%(path)s” and submit again.")
    ),
    "serving.bad_name": Message(_("“%(name)s” cannot name a replica."), _("This is a fault of the portal: report it.")),
    "serving.bad_path": Message(_("This address cannot be asked of a model."), _("Check the endpoint's name.")),
    "serving.busy": Message(
        _("The replica is being started or stopped by another process."), _("This step is repeated by itself.")
    ),
    "serving.bytes_changed": Message(
        _("A stored file is damaged."),
        _(
            "The bytes of “%(path)s” are not those that were approved, so the model was not started. "
            "An operator must check the storage and restore the file."
        ),
    ),
    "serving.cup_gone": Message(
        _("The replica was taken away while it started."), _("This step is repeated by itself.")
    ),
    "serving.endpoint_unknown": Message(
        _("There is no endpoint “%(name)s”."), _("The address may be old or mistyped. See the list of endpoints.")
    ),
    "serving.exited": Message(
        _("The model server ended by itself."),
        _("It left with status %(status)s. The end of its log tells why; the submitter can mend the model."),
    ),
    "serving.failed": Message(
        _("The model does not start."), _("The end of the log tells why; the submitter can mend the model.")
    ),
    "serving.gone": Message(
        _("The replica disappeared."), _("Nobody saw why; a restart of the machine is one cause. It is started again.")
    ),
    "serving.killed": Message(
        _("The replica was killed."), _("It got signal %(signal)s from outside. It is started again by itself.")
    ),
    "serving.load_failed": Message(
        _("The runtime could not load the model."),
        _(
            "The file is damaged, or was written by a version of the framework that the runtime cannot read. "
            "The submitter should save it again with a version that the runtime accepts."
        ),
    ),
    "serving.name_taken": Message(
        _("A replica of this name runs something else."), _("It is replaced; this step is repeated by itself.")
    ),
    "serving.out_of_memory": Message(
        _("The model needs more memory than it was given."),
        _("The submitter should ask for more memory in a new version, or make the model smaller."),
    ),
    "serving.request_refused": Message(
        _("The model refused the example request (status %(status)s)."),
        _("It answered: %(detail)s The submitter should correct the example or the model."),
    ),
    "serving.sandbox_failed": Message(
        _("The sandbox around the model could not be made."),
        _("An operator must check bubblewrap, or choose another MODEL_COMMONS_SERVING_SANDBOX."),
    ),
    "serving.sandbox_missing": Message(
        _("The sandbox that this portal demands is missing."),
        _("An operator must install bubblewrap, or choose another MODEL_COMMONS_SERVING_SANDBOX."),
    ),
    "serving.start_timeout": Message(
        _("The model did not become ready in time."),
        _("It had %(seconds)s seconds. The submitter should make it smaller or faster to load."),
    ),
    "serving.timeout": Message(
        _("The model did not answer in time."),
        _("It had %(seconds)s seconds. The submitter should make it faster, or the request smaller."),
    ),
    "serving.unreachable": Message(
        _("The model cannot be reached at the moment."),
        _("Its replica is being started or replaced. Try again in a few seconds."),
    ),
    "serving.unresponsive": Message(
        _("The replica runs and does not answer."), _("It has been silent for %(seconds)s seconds and is restarted.")
    ),
    "serving.nothing_coming": Message(
        _("The model is being started."), _("No version answers yet. Try again in a few seconds.")
    ),
    "serving.nothing_retired": Message(
        _("The model was taken out of service."), _("Its endpoint keeps the name and answers nothing.")
    ),
    "serving.nothing_never_served": Message(
        _("No version of this model is in service."), _("See the model's page for what became of its versions.")
    ),
}
_ROLLOUT = {
    "rollout.already_there": Message(
        _("This version is in service or on its way."), _("There is nothing to roll back to here.")
    ),
    "rollout.newer_exists": Message(
        _("A newer version is in service or on its way."),
        _("Repeating this rollout would replace it. An operator can roll back on purpose on the endpoint's page."),
    ),
    "rollout.not_replaced": Message(
        _("This rollout cannot be taken up again."), _("Only a version that was in service and replaced can be.")
    ),
    "rollout.other_endpoint": Message(_("This rollout belongs to another endpoint."), _("Choose one of the list.")),
    "rollout.overtaken": Message(
        _("This rollout is no longer wanted."), _("A newer version replaced it, or its version was retired.")
    ),
    "rollout.unknown": Message(_("There is no such rollout."), _("The address may be old or mistyped.")),
    "rollout.version_not_approved": Message(
        _("This version is not approved any more."), _("Only approved versions are served. Look at its page.")
    ),
    "rollout.wrong_answer": Message(
        _("The model started and answers something else than it did in its trial."),
        _(
            "The example “%(title)s” no longer gives the expected answer; the former version goes on. "
            "The submitter should make the model's answers reproducible."
        ),
    ),
    "trial.wrong_answer": Message(
        _("The model's answer is not the expected one."),
        _(
            "%(wrong)s of %(total)s examples differ, first “%(title)s”. The submitter should correct the expected "
            "answer or the tolerance, or submit the right file."
        ),
    ),
    "try.not_json": Message(
        _("This is not JSON."), _("Line %(line)s, column %(column)s: correct the request and send it again.")
    ),
    "try.no_example": Message(_("There is no such example."), _("Type a request instead.")),
    "try.too_large": Message(_("The request is too large."), _("A request may have at most %(limit)s bytes.")),
}
MESSAGES = {**_BUILD, **_SERVING, **_ROLLOUT}
