"""Texts of rights, drafts, submission and review."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

REGISTRY_MESSAGES: Mapping[str, Message] = {
    "rights.sign_in": Message(
        _("You are not signed in, or no longer."), _("Nothing was changed. Sign in, then send the form again.")
    ),
    "rights.submit": Message(_("Your account may not submit models."), _("Ask an administrator to activate it.")),
    "rights.may_submit": Message(_("Your account may not submit models."), _("Ask an administrator to activate it.")),
    "rights.may_review": Message(
        _("Only reviewers may open this page."), _("Ask an administrator if you would like to review.")
    ),
    "rights.may_operate": Message(_("Only operators may do this."), _("Ask an operator, or an administrator.")),
    "rights.may_administer": Message(_("Only administrators may do this."), _("Ask an administrator.")),
    "rights.second_factor": Message(
        _("Your powers rest until you set up a second factor."),
        _(
            "Accounts that review, operate or administer need more than a password here. "
            "Open “Account security”, set up an authenticator app or a security key, and come back."
        ),
    ),
    "help.unknown": Message(_("There is no such help page."), _("Look in the list of topics.")),
    "sign_in.key_changed": Message(
        _("The second factor of this account cannot be read any more."),
        _("The portal's secret key was changed. An operator must name the former key in its settings."),
    ),
    "rights.edit": Message(
        _("Only the model's owner may change it."), _("Ask the owner, or submit a model of your own.")
    ),
    "rights.retire": Message(_("Only the owner or an operator may retire a version."), _("Ask one of them.")),
    "rights.retry": Message(_("Only the submitter or an operator may repeat this step."), _("Ask one of them.")),
    "model.bad_name": Message(
        _("“%(name)s” cannot be a model's name."),
        _("Use 2 to 39 lower-case letters, digits and single hyphens; begin with a letter, end without a hyphen."),
    ),
    "model.name_taken": Message(
        _("You already have a model called “%(name)s”."), _("Choose another name, or open a new version of that model.")
    ),
    "model.unknown": Message(
        _("There is no such model."), _("It may have another name, or not be submitted yet. Look in the catalogue.")
    ),
    "version.unknown": Message(
        _("There is no such version."), _("It may be a draft of somebody else. Look on the model's page.")
    ),
    "version.frozen": Message(
        _("This version is frozen and cannot be changed."),
        _("Withdraw it first, or wait for the decision; then edit it again."),
    ),
    "version.other_draft": Message(_("The model already has an open draft."), _("Finish or delete that draft first.")),
    "event.unknown": Message(_("There is no such entry in the log."), _("Look in the log itself.")),
    "file.unknown": Message(_("There is no such file in this version."), _("It may have been removed meanwhile.")),
    "file.case_twin": Message(
        _("“%(path)s” differs from “%(other)s” in upper and lower case only."),
        _("Some systems cannot tell them apart. Rename one of them."),
    ),
    "file.too_many": Message(
        _("A version may have at most %(limit)s files."), _("Remove files that the model does not need.")
    ),
    "file.version_too_large": Message(
        _("The files together are larger than a version may be (%(limit)s bytes)."),
        _("Remove files that the model does not need, or ask an operator for a higher limit."),
    ),
    "draft.bad_field": Message(_("This value cannot be used."), _("Correct it; nothing was saved.")),
    "draft.has_history": Message(
        _("A version that was submitted once stays in the public record."), _("Withdraw it instead of deleting it.")
    ),
    "submit.unconfirmed": Message(
        _("This has to be confirmed: no check can see it."), _("If it is not so, change the version first.")
    ),
    "submit.changed_elsewhere": Message(
        _("The version changed since you opened this page."),
        _("Look again: the page shows what would be submitted now. Confirm it anew."),
    ),
    "submit.checks_pending": Message(
        _("The checks of the newest content are not finished."), _("Wait until they are, then submit again.")
    ),
    "submit.checks_failed": Message(
        _("Some checks failed: %(names)s."), _("Mend what they name; they run again by themselves.")
    ),
    "submit.frozen_checks_failed": Message(
        _("A check of the submitted version failed."),
        _("See the checks below, press “Edit again”, mend what they name and submit again."),
    ),
    "reason.too_long": Message(
        _("The text is longer than %(limit)s characters."), _("Shorten it, or link to the rest.")
    ),
    "lifecycle.moved_first": Message(
        _("Somebody else was faster: this is no longer in the state that your page showed."),
        _("Look at it again before you repeat the action."),
    ),
    "review.not_yours_to_decide": Message(
        _("You may not decide on this version."),
        _("Reviewers decide, and nobody decides on a version that they own or submitted."),
    ),
    "review.unknown_decision": Message(_("This is not a decision."), _("Choose one of the list.")),
    "review.message_needed": Message(
        _("Please write a message."), _("The submitter needs to know why, and what to change.")
    ),
    "review.not_in_review": Message(
        _("This version is not waiting for a decision."), _("Somebody may have decided already. Look at its log.")
    ),
    "review.content_changed": Message(
        _("The version changed since you opened this page."),
        _("Look again: the page shows the newest content now. Your comment is kept; choose your decision anew."),
    ),
    "review.approved_already": Message(_("You have already approved exactly this version."), ""),
    "review.checks_failed": Message(
        _("A required check or the trial run has not passed."), _("Request changes; it cannot be approved as it is.")
    ),
    "trial.version_moved_on": Message(
        _("The version was withdrawn or changed while it was tried."), _("Nothing needs to be done.")
    ),
    "retry.nothing_failed": Message(
        _("There is no failed step to repeat."), _("It may be running again already. Reload the page.")
    ),
    "job.worker_lost": Message(
        _("The worker died while doing this, several times."),
        _("An operator should look at the worker's log and memory; then the step can be tried again."),
    ),
    "job.deadline": Message(
        _("This took longer than it may."),
        _("Try again. If it happens again, an operator should look at the worker (job %(job_id)s)."),
    ),
    "job.unexpected": Message(
        _("The portal failed at this step."),
        _("This is our fault, not yours. Try again; if it stays, tell an operator the number of job %(job_id)s."),
    ),
    "seeding.timeout": Message(
        _("The demonstration's models are not live in time: %(names)s."),
        _("Look at their versions and at the worker's log; starting the portal again continues."),
    ),
    "seeding.check_failed": Message(
        _("A check of a demonstration model failed: %(check)s (%(verdict)s)."), _("Look at its draft.")
    ),
    "seeding.empty": Message(
        _("No demonstration models were found."), _("The folder %(folder)s holds none. Run the training first.")
    ),
    "seeding.incomplete": Message(
        _("A demonstration model is incomplete."), _("%(folder)s was not written to its end. Run the training again.")
    ),
    "seeding.changed": Message(
        _("A demonstration file was changed."),
        _("%(path)s of %(folder)s is not what the training wrote. Run the training again."),
    ),
    "seeding.install_failed": Message(
        _("The training environment could not be installed."),
        _("The log has the installer's words. Check the network and the disk, then start again."),
    ),
    "seeding.training_failed": Message(
        _("The demonstration models could not be trained."),
        _("The log has the program's words. Start again; if it stays, report it."),
    ),
    "seeding.training_timeout": Message(
        _("Training took too long."),
        _("It was ended after %(seconds)s seconds. Start again when the machine is less busy."),
    ),
    "account.unknown_right": Message(
        _("There is no right called “%(right)s”."), _("The rights are reviewers, operators and administrators.")
    ),
    "account.own_rights": Message(
        _("Nobody changes the rights of their own account."), _("Ask another administrator.")
    ),
    "account.bad_quota": Message(_("This quota is not possible."), _("Give a number of bytes, or none.")),
    "account.unknown_language": Message(
        _("The portal does not speak this language."), _("Choose one of the header's list, or none.")
    ),
    "account.unknown": Message(
        _("There is no account called “%(username)s”."), _("Look at the spelling, or create the account first.")
    ),
}
