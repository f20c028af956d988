"""The lines of "needs attention" that no failed row brings with it: what is wrong, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

ATTENTION_MESSAGES = {
    "attention.silent": Message(
        _("Nobody compares what should run with what runs."),
        _(
            "The worker has been silent for more than a minute: nothing is built, repaired or rolled out. "
            "Start the worker."
        ),
    ),
    "attention.hung": Message(
        _("Nobody compares what should run with what runs."),
        _(
            "The worker's sweep has waited or failed for more than a minute: nothing is repaired. "
            "The worker's last log lines say why; start the worker again if it does not go on."
        ),
    ),
    "attention.part": Message(
        # Translators: the part is "Content store", "OCI registry" or "Serving".
        _("%(part)s: no answer."),
        _("What depends on it waits, and goes on by itself once it answers."),
    ),
    "attention.queue_waits": Message(
        _("Work waits for a worker."),
        _(
            "The oldest job is due for more than five minutes. Look whether the worker runs, "
            "or let it do more at a time."
        ),
    ),
    "attention.errors": Message(
        _("%(percent)s %% of the answers in the last hour were errors."),
        _(
            "The target is %(target)s %%. Read the replica's output on the rollout's page; "
            "roll back if a new version did it."
        ),
    ),
    "attention.slow": Message(
        _("95 %% of the answers in the last hour took up to %(milliseconds)s ms."),
        _(
            "The target is %(target)s ms. Compare the latencies before and after the last rollout "
            "on the endpoint's page."
        ),
    ),
    "attention.review_waits": Message(
        _("A version waits for its review for a long time."),
        _("The target is %(hours)s hours."),
    ),
    "attention.disk": Message(
        _("The disk is nearly full."),
        _("%(free_bytes)s are free, and uploads stop at %(reserve_bytes)s. Free space, or enlarge the disk."),
    ),
    "attention.capacity": Message(
        _("More is promised than the machine has."),
        _("Versions in service ask for more processor or memory than there is. Retire one, or use a larger machine."),
    ),
}
