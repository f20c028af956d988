"""What the app announces when it is ready."""

from __future__ import annotations


def announce() -> None:
    """Register texts, kinds of work, receivers and sweep steps."""
    from deployer import handlers, receivers  # they import models, which exist only now
    from deployer.capacity import measure_environments
    from deployer.messages import MESSAGES
    from deployer.messages_attention import ATTENTION_MESSAGES
    from deployer.messages_build_log import BUILD_LOG_MESSAGES
    from deployer.messages_kserve import KSERVE_MESSAGES
    from deployer.messages_oci import OCI_MESSAGES
    from deployer.messages_probes import PROBE_MESSAGES
    from deployer.reachability import look_at_parts
    from deployer.reconcile import reconcile, repair_routes, thin_out_figures
    from registry import signals
    from registry.jobs import kinds, sweep
    from registry.messages import register_messages

    for texts in (MESSAGES, KSERVE_MESSAGES, OCI_MESSAGES, ATTENTION_MESSAGES, BUILD_LOG_MESSAGES, PROBE_MESSAGES):
        register_messages(texts)
    for kind in handlers.KINDS:
        kinds.register(kind)
    sweep.register_sweeper(reconcile)
    sweep.register_sweeper(repair_routes)
    sweep.register_sweeper(thin_out_figures)
    sweep.register_sweeper(look_at_parts)
    sweep.register_sweeper(measure_environments)
    signals.version_checked.connect(receivers.try_checked_version)
    signals.draft_trial_wanted.connect(receivers.try_draft)
    signals.version_approved.connect(receivers.build_approved_version)
    signals.version_withdrawn.connect(receivers.retire_version)
    signals.version_retired.connect(receivers.retire_version)
