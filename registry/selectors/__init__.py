"""The reads of registration and review. Each costs a constant number of queries, whatever the list's length."""

from __future__ import annotations

from registry.listing import status_word
from registry.selectors.accounts import newest_own_versions, own_models, storage_used
from registry.selectors.catalogue import Presence, catalogue, model_named, presences, visible_models
from registry.selectors.log import DECISIONS, event_by_id, event_tags, latest_decisions, public_events
from registry.selectors.reviews import open_review_count, place_in_queue, review_queue
from registry.selectors.search import (
    FACETS,
    MOST_LISTED,
    SORTS,
    CatalogueQuery,
    CatalogueResult,
    FacetValue,
    entries_in_order,
    find_models,
    newest_entries,
)
from registry.selectors.totals import PublicFigures, Totals, catalogue_totals, public_figures
from registry.selectors.versions import (
    SEEN_STATES,
    VersionWithStatus,
    approval_count,
    current_checks,
    file_at,
    files_of,
    open_job,
    own_version,
    trial_run_of,
    version_by_id,
    version_in_use,
    version_numbered,
    version_to_show,
    versions_of,
    with_status,
)
from registry.selectors.waiting import UsualTimes, usual_times

__all__ = [
    "DECISIONS",
    "FACETS",
    "MOST_LISTED",
    "SEEN_STATES",
    "SORTS",
    "CatalogueQuery",
    "CatalogueResult",
    "FacetValue",
    "Presence",
    "PublicFigures",
    "Totals",
    "UsualTimes",
    "VersionWithStatus",
    "approval_count",
    "catalogue",
    "catalogue_totals",
    "current_checks",
    "entries_in_order",
    "event_by_id",
    "event_tags",
    "file_at",
    "files_of",
    "find_models",
    "latest_decisions",
    "model_named",
    "newest_entries",
    "newest_own_versions",
    "open_job",
    "open_review_count",
    "own_models",
    "own_version",
    "place_in_queue",
    "presences",
    "public_events",
    "public_figures",
    "review_queue",
    "status_word",
    "storage_used",
    "trial_run_of",
    "usual_times",
    "version_by_id",
    "version_in_use",
    "version_numbered",
    "version_to_show",
    "versions_of",
    "visible_models",
    "with_status",
]
