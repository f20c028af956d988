"""The terms that code, pages and people share. `docs/glossary.md` and the help page both show this list.

`python -m registry.glossary` prints the document; a test holds it to this list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# In the order of the alphabet. A term is the code's own word, so it is not translated; its meaning is.
TERMS: tuple[tuple[str, StrOrPromise], ...] = (
    ("account", _("Somebody who may sign in: a person, a team or a bot.")),
    ("blob", _("Bytes in the content store, named by their SHA-256.")),
    (
        "card",
        _(
            "The model card: Markdown with a YAML head that says what a model is for, how it "
            "was made and where it fails."
        ),
    ),
    (
        "check",
        _(
            "One automatic examination of a draft or frozen version, with verdict, summary, "
            "details, advice and duration."
        ),
    ),
    (
        "checklist",
        _("The points that a reviewer ticks; an approval needs all, and the ticks are stored with the review."),
    ),
    ("claim (of a job)", _("The right of one worker to work on a job, numbered by the job's attempt.")),
    ("claim (of a review)", _("Who is looking at a version now. It ends by itself and blocks nobody's decision.")),
    ("concern", _("Why an event is told to an account: it owns the model, watches it, took part in the review …")),
    ("content digest", _("SHA-256 over everything a reviewer approves: files, card, licence, examples, resources.")),
    ("cup", _("One served version: an immutable process or InferenceService. Replaced, never patched.")),
    ("doorbell", _('The broker. A message says "look at job 7" and nothing else; a lost one costs a sweep.')),
    ("draft", _("A version that can still be changed.")),
    (
        "edit token",
        _(
            "Names what one step of a draft said when its page was made; a save that brings "
            "another one is a conflict, and nothing is lost."
        ),
    ),
    ("endpoint", _("The stable name that consumers call; it points at one cup.")),
    ("environment (runtime's)", _("The virtual environment with a runtime's exact pins.")),
    ("event", _("A row of the public log: who did what, when, why, to which digest.")),
    ("example", _("A request with its expected answer and a tolerance: the model's exam and its demonstration.")),
    ("fencing", _("Refusing every write of a worker whose claim is no longer the newest.")),
    ("gate", _("The list of accepted file formats with a strict reader for each; everything else is refused.")),
    (
        "guided section",
        _(
            "A section of the card that the form shows as a text of its own; in the card it is a "
            "run of lines, found by its title."
        ),
    ),
    (
        "health",
        _(
            "How the replica of an endpoint does: healthy, progressing, degraded, missing, "
            "suspended (stopped on purpose) or unknown."
        ),
    ),
    ("image digest", _("The digest of the OCI manifest; known when a version is submitted, equal after each rebuild.")),
    ("job", _("A due piece of work as a row: kind, subject, state, attempt, lease, deadline.")),
    (
        "layer recipe",
        _("Tar header, blob digest and padding: all that is needed to stream a layer without storing it."),
    ),
    ("lease", _("How long a silent worker keeps its job.")),
    ("model, registered model", _("A name `owner/name` under which versions appear.")),
    (
        "notification",
        _("An event told to one account that it concerns, in its inbox and by mail, unless switched off."),
    ),
    ("oci_registry", _('A container registry. "Registry" alone is the Django app.')),
    (
        "provider (of sign-in)",
        _("A site whose accounts open accounts here; an account is tied to its subject there, never to an address."),
    ),
    (
        "report",
        _(
            "What somebody finds wrong with a model, a version or a message. "
            "The outcome is public, the reporter is not."
        ),
    ),
    (
        "request figures",
        _(
            "How often an endpoint was asked, how it answered and how fast, added up by minutes, "
            "later by quarters of an hour and hours."
        ),
    ),
    ("review", _("A reviewer's statement about exactly the digests that the reviewer saw.")),
    ("revision", _("The content of one submission of a version: submitting again after changes makes the next one.")),
    ("rollout", _("A version on its way to an endpoint, or serving it. Its state and its health are two things.")),
    ("runtime", _("What loads and serves one model format: an adapter and its pins.")),
    (
        "second factor",
        _("An authenticator app or a security key, asked for after the password; reviewers and others may need one."),
    ),
    ("sweep", _("The round every few seconds that rings due jobs, ends overdue ones and compares wanted with actual.")),
    (
        "thread",
        _(
            "A conversation about one line of a card, one file or one example; settled or "
            "open, public, carried to later revisions."
        ),
    ),
    ("sync", _("Whether what should run is what runs, by the sweep's comparison; apart from health.")),
    ("trial run", _("The frozen version loaded in its runtime, answering its examples, measured.")),
    (
        "try (a draft)",
        _(
            "The draft's model answering its examples in its runtime, for the submitter's eyes; "
            "no verdict and no image."
        ),
    ),
    (
        "usual time",
        _(
            "The median of a step over the newest finished ones, waiting included; silent while "
            "there are fewer than three."
        ),
    ),
    ("version", _("A numbered revision of a model's content; frozen once submitted.")),
    ("watch", _("Following a model: its owner does, and whoever takes part in its discussion, until they stop.")),
)
HEAD = """\
# Glossary

Terms as the code and the pages use them. KServe's and OCI's terms keep their own meaning.

| Term | Meaning |
| --- | --- |
"""


def as_markdown() -> str:
    """The document, in English."""
    return HEAD + "".join(f"| {term} | {meaning} |\n" for term, meaning in TERMS)


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(USE_I18N=False)
    print(as_markdown(), end="")  # noqa: T201  # printing is this entry's purpose
