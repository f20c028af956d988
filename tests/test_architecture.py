"""Who may import whom, and what may be written where. Every rule is also shown sources that break it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache

import pytest

from tests.architecture import (
    APPS,
    FUNCTIONS,
    Rule,
    Source,
    below,
    called_name,
    calls,
    is_module,
    is_standard,
    page_sources,
    project,
    strings_in,
    unlike,
)

MAX_LINES = 400
MAX_TASK_LINES = 15
LAYERS: Sequence[tuple[str, Sequence[str]]] = (
    ("errors", ("errors", "interfaces", "names", "messages")),
    ("models", ("models",)),
    ("records", ("lifecycle", "events", "permissions", "artifacts", "jobs")),
    ("services", ("services", "selectors", "actions", "checks", "uploads", "routing", "directory")),
    (
        "edge",
        (
            "views", "api", "admin", "tasks", "receivers", "handlers", "management", "urls", "forms", "wiring", "apps",
            "gateway", "demo", "reconcile", "uploads.views", "uploads.urls", "uploads.handlers",
        ),
    ),
)  # fmt: skip
# What runs in an environment of its own, away from the portal's processes.
ELSEWHERE = (
    "deployer.runtimes.server", "registry.seeding.train", "registry.seeding.recipes", "registry.seeding.skops_file",
)  # fmt: skip
PLAIN = ("deployer.interfaces", "deployer.errors", "registry.errors", "registry.interfaces")
# Beside PLAIN, the standard library and itself: what each adapter package may see.
ADAPTERS = {
    "deployer.oci": ("urllib3",),
    "deployer.builders": ("deployer.oci",),
    "deployer.serving": ("deployer.runtimes.environments", "kubernetes", "urllib3"),
    "deployer.runtimes.environments": ("deployer.serving.process", "uv"),
    "deployer.runtimes.catalogue": (),
    "deployer.interfaces": (),
    "deployer.errors": (),
}
PURE = (
    "registry.charts", "registry.inspection", "registry.interfaces", "registry.errors", "deployer.latency",
    "deployer.oci.reference", "deployer.oci.manifest", "deployer.oci.layers",
    "deployer.serving.cluster", "deployer.serving.inference_service", "deployer.serving.http_route",
    "deployer.serving.restrictions", "deployer.serving.drift", "deployer.serving.conditions",
    "deployer.serving.pod_causes",
)  # fmt: skip
# Modules with which a pure one could reach files, processes or the network by itself.
REACHING = {"subprocess", "socket", "http", "urllib", "sqlite3", "shutil", "tempfile", "multiprocessing", "asyncio"}
LOADERS = ("pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "skops", "torch", "onnxruntime", "xgboost")
STATE_WRITERS = ("registry.lifecycle", "registry.jobs.queue")
ENVIRONMENT_READERS = {
    "portal/env_variables.py": "reads each variable that portal/env.py declares",
    "manage.py": "names the settings module",
    "portal/wsgi.py": "names the settings module",
    "portal/celery.py": "names the settings module",
    "portal/gunicorn_config.py": "names the folder of the processes' figures, which prometheus-client takes from there",
    "portal/metrics.py": "asks whether there is such a folder",
    "portal/supervisor.py": "hands its own on to the portal's programs",
    "registry/seeding/environment.py": "hands proxies and caches on to uv",
    "registry/seeding/train.py": "runs in an environment of its own",
    "deployer/runtimes/environments.py": "hands proxies and caches on to uv",
    "deployer/serving/sandbox.py": "hands the loader's path on to model servers",
}


def apps_know_their_place(sources: Sequence[Source]) -> list[str]:
    """Rule 1: neither app imports `portal`, and the registry never the deployer."""
    registry = unlike(sources, where=["registry"], allowed=lambda _s, name: not below(name, "portal", "deployer"))
    return registry + unlike(sources, where=["deployer"], allowed=lambda _s, name: not below(name, "portal"))


def layers_look_down(sources: Sequence[Source]) -> list[str]:
    """Rule 2: edge -> services -> lifecycle -> models -> errors, also by way of modules that stand in no layer."""
    imports = {source.module: source.imports for source in sources}

    @cache
    def height(module: str) -> int:
        own = layer_of(module)
        return max([own, *(reached(name, frozenset({module})) for name in imports.get(module, ()))])

    def reached(module: str, seen: frozenset[str]) -> int:
        own = layer_of(module)
        if own >= 0 or module in seen:
            return own
        below_it = (reached(name, seen | {module}) for name in imports.get(module, ()))
        return max([own, *below_it])

    return [
        f"{source.path} ({LAYERS[layer_of(source.module)][0]}) reaches {LAYERS[height(source.module)][0]}"
        for source in sources
        if 0 <= layer_of(source.module) < height(source.module)
    ]


def layer_of(module: str) -> int:
    """The highest layer that names the module; -1 for one in no layer."""
    app, _, rest = module.partition(".")
    if app not in {"registry", "deployer"}:
        return -1
    return max((number for number, (_, names) in enumerate(LAYERS) if below(rest, *names)), default=-1)


def pages_and_api_stand_apart(sources: Sequence[Source]) -> list[str]:
    """Rule 2: what both show lies below both, in `presentation` and the like."""
    complaints = []
    for kind, other in (("views", "api"), ("api", "views")):
        others = [f"{app}.{other}" for app in APPS]

        def allowed(_source: Source, name: str, others: Sequence[str] = others) -> bool:
            return not below(name, *others)

        complaints += unlike(sources, where=[f"{app}.{kind}" for app in APPS], allowed=allowed)
    return complaints


def services_never_ring(sources: Sequence[Source]) -> list[str]:
    """Rule 2: only the edge, by way of `tasks.py`, talks to the broker."""
    return [
        f"{source.path}:{call.lineno} rings by itself"
        for source in sources
        for call in calls(source)
        if called_name(call) in {"delay", "apply_async", "send_task", "delay_on_commit"}
        and not source.path.endswith("/tasks.py")
    ]


def adapters_see_interfaces_only(sources: Sequence[Source]) -> list[str]:
    """Rule 3: builders, serving and oci know no models, settings, Django or Celery."""
    complaints = []
    for package, also in ADAPTERS.items():
        seen = (package, *PLAIN, *also)

        def allowed(_source: Source, name: str, seen: Sequence[str] = seen) -> bool:
            return below(name, *seen) or is_standard(name)

        complaints += unlike(sources, where=[package], allowed=allowed)
    return complaints


def pure_modules_stay_pure(sources: Sequence[Source]) -> list[str]:
    """Rule 4: bytes and dataclasses in, dataclasses out."""

    def allowed(source: Source, name: str) -> bool:
        if not is_standard(name):
            return below(name, *PURE, *PLAIN)
        return name.partition(".")[0] not in REACHING

    return unlike(sources, where=PURE, allowed=allowed)


def clients_live_in_one_file(sources: Sequence[Source]) -> list[str]:
    """Rule 5: `kubernetes` in one file at most; processes for serving in one file."""
    complaints = []
    for library, app in (("kubernetes", ("registry", "deployer", "portal")), ("subprocess", ("deployer",))):
        users = [s.path for s in sources if s.within(*app) and any(below(name, library) for name in s.imports)]
        if len(users) > 1:
            complaints.append(f"{library} is imported by {', '.join(users)}")
    return complaints


def celery_stays_in_its_place(sources: Sequence[Source]) -> list[str]:
    """Rule 5: Celery in `portal/celery.py`, its transports beside it, and `tasks.py` only."""
    return [
        f"{source.path} imports {name}"
        for source in sources
        for name in source.imports
        if below(name, "celery", "kombu")
        and source.path not in {"portal/celery.py", "portal/doorbell.py", "portal/redis_doorbell.py"}
        and not source.path.endswith("/tasks.py")
    ]


def nothing_loads_uploads(sources: Sequence[Source]) -> list[str]:
    """House rule 5: no web or worker process can unpickle or load a model."""
    return [
        f"{source.path} imports {name}"
        for source in sources
        if not source.within(*ELSEWHERE)
        for name in sorted(source.imports)
        if below(name, *LOADERS)
    ]


def foreign_environments_stand_alone(sources: Sequence[Source]) -> list[str]:
    """What runs in a runtime's own environment has nothing of the portal, which is not installed there."""
    return unlike(
        sources,
        where=["deployer.runtimes.server"],
        allowed=lambda _s, name: (
            not below(name, "portal", "registry", "django", "celery")
            and (not below(name, "deployer") or below(name, "deployer.runtimes.server"))
        ),
    )


def only_the_lifecycle_writes_states(sources: Sequence[Source]) -> list[str]:
    """House rule 1: `lifecycle.move` for versions, builds and rollouts; the queue for its jobs."""
    return [
        f"{source.path}:{node.lineno} writes a state"
        for source in sources
        if source.within("registry", "deployer") and not source.within(*STATE_WRITERS, *ADAPTERS, *ELSEWHERE)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.stmt | ast.expr) and writes_state(node)
    ]


def writes_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(t, ast.Attribute) and t.attr == "state" for target in targets for t in ast.walk(target))
    if not isinstance(node, ast.Call):
        return False
    name = called_name(node)
    if name in {"setattr", "bulk_update"}:
        return "state" in strings_in(node)
    if name == "save":
        return any(k.arg == "update_fields" and "state" in strings_in(k.value) for k in node.keywords)
    packed = [k.value for k in node.keywords if k.arg in {None, "defaults", "create_defaults"}]
    named = any(k.arg == "state" for k in node.keywords) or any("state" in strings_in(value) for value in packed)
    return named and name in {"update", "create", "get_or_create", "update_or_create"}


def settings_are_declared_once(sources: Sequence[Source]) -> list[str]:
    """House rule 7: variables are read in `portal/env.py`; the others only name the settings or hand variables on."""
    return [
        f"{source.path}:{node.lineno} reads the environment"
        for source in sources
        if source.path not in ENVIRONMENT_READERS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.stmt | ast.expr) and reads_environment(node)
    ]


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"environ", "environb", "getenv"} and getattr(node.value, "id", "") == "os"
    return isinstance(node, ast.ImportFrom) and node.module == "os" and bool(strings_of_aliases(node) & {"environ"})


def strings_of_aliases(node: ast.ImportFrom) -> set[str]:
    return {"environ" if alias.name in {"environ", "environb", "getenv"} else alias.name for alias in node.names}


def tasks_are_thin(sources: Sequence[Source]) -> list[str]:
    """House rule 1: a task takes ids, is under 15 lines, and names the states that it enters and leaves."""
    complaints = []
    for source in sources:
        for task in (node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS) and is_task(node)):
            where, text = f"{source.path}:{task.lineno}", (ast.get_docstring(task) or "").lower()
            if (task.end_lineno or 0) - task.lineno + 1 >= MAX_TASK_LINES:
                complaints.append(f"{where} is too long")
            if "entry" not in text or "exit" not in text:
                complaints.append(f"{where} does not name its entry and exit states")
            complaints += [f"{where} takes {a.arg}" for a in task.args.args if not a.arg.endswith(("_id", "_ids"))]
    return complaints


def is_task(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(getattr(d, "attr", getattr(d, "id", "")) in {"shared_task", "task"} for d in decorators)


def files_stay_small(sources: Sequence[Source]) -> list[str]:
    """House rule 8: a file is split at 400 lines."""
    lengths = {source.path: len(source.text.splitlines()) for source in sources}
    return [f"{path} has {lines} lines" for path, lines in lengths.items() if lines > MAX_LINES]


def no_bag_of_functions(sources: Sequence[Source]) -> list[str]:
    """House rule 8: no `utils.py`."""
    return [s.path for s in sources if s.path.rpartition("/")[2] in {"utils.py", "helpers.py", "common.py", "misc.py"}]


BROKEN: dict[Rule, list[list[Source]]] = {
    apps_know_their_place: [
        [Source("registry/models/x.py", "import portal.env")],
        [Source("registry/views/x.py", "from deployer import services")],
        [Source("deployer/x.py", "def f():\n    from portal import settings")],
        [Source("registry/x.py", "from ..deployer.models import Rollout")],
    ],
    layers_look_down: [
        [Source("registry/models/x.py", "from registry import services")],
        [Source("registry/services/x.py", "from registry.tasks import ring")],
        [Source("registry/lifecycle.py", "from registry.selectors import catalogue")],
        [Source("deployer/services/x.py", "from registry.views.access import requires")],
        [
            Source("registry/events.py", "import registry.between"),
            Source("registry/between.py", "from registry.services import submit_version"),
        ],
    ],
    pages_and_api_stand_apart: [
        [Source("registry/api/x.py", "from registry.views.access import requires")],
        [Source("deployer/views/x.py", "from deployer.api.answers import figures_row")],
    ],
    services_never_ring: [[Source("registry/services/x.py", "def f(task):\n    task.delay(1)")]],
    adapters_see_interfaces_only: [
        [Source("deployer/builders/x.py", "from registry.models import Blob")],
        [Source("deployer/serving/x.py", "from django.conf import settings")],
        [Source("deployer/oci/x.py", "from deployer.builders.local import LocalImageBuilder")],
        [Source("deployer/interfaces.py", "import celery")],
    ],
    pure_modules_stay_pure: [
        [Source("registry/inspection/x.py", "import django")],
        [Source("registry/inspection/x.py", "from registry.models import Blob")],
        [Source("registry/inspection/x.py", "import numpy")],
        [Source("deployer/oci/reference.py", "import urllib.request")],
    ],
    clients_live_in_one_file: [
        [Source(f"deployer/serving/{name}.py", "from kubernetes import client") for name in "ab"],
        [Source(f"deployer/{name}.py", "import subprocess") for name in "ab"],
    ],
    celery_stays_in_its_place: [[Source("registry/services/x.py", "from celery import shared_task")]],
    nothing_loads_uploads: [
        [Source("registry/checks/x.py", "import pickle")],
        [Source("deployer/x.py", "def f():\n    import skops.io")],
    ],
    foreign_environments_stand_alone: [
        [Source("deployer/runtimes/server/x.py", "from registry.errors import UserError")],
        [Source("deployer/runtimes/server/x.py", "from deployer.interfaces import CupSpec")],
    ],
    only_the_lifecycle_writes_states: [
        [Source("registry/services/x.py", text)]
        for text in (
            "rows.update(state='draft')",
            "rows.update(**{'state': 'draft'})",
            "version.state = 'draft'",
            "version.state, other = 'draft', 1",
            "setattr(version, 'state', 'draft')",
            "version.save(update_fields=['state'])",
            "Rollout.objects.create(state='ready')",
            "Rollout.objects.get_or_create(pk=1, defaults={'state': 'ready'})",
            "Rollout.objects.bulk_update(rows, ['state'])",
        )
    ],
    settings_are_declared_once: [
        [Source("registry/x.py", "import os\nos.environ['A']")],
        [Source("registry/x.py", "import os\nos.getenv('A')")],
        [Source("registry/x.py", "from os import getenv")],
    ],
    tasks_are_thin: [
        [Source("registry/tasks.py", "@shared_task\ndef f(job_id):\n    '''Entry: queued.'''")],
        [Source("registry/tasks.py", "@app.task()\ndef f(job):\n    '''Entry: queued. Exit: done.'''")],
        [Source("registry/tasks.py", "@shared_task\ndef f():\n    '''Entry, exit.'''" + "\n    1" * MAX_TASK_LINES)],
    ],
    files_stay_small: [[Source("registry/x.py", "1\n" * (MAX_LINES + 1))]],
    no_bag_of_functions: [[Source("registry/utils.py", "")]],
}


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Rule) -> None:
    assert rule(project()) == []


@pytest.mark.parametrize(
    ("rule", "sources"),
    [
        pytest.param(rule, sources, id=f"{rule.__name__}-{n}")
        for rule, cases in BROKEN.items()
        for n, sources in enumerate(cases)
    ],
)
def test_a_breach_is_found(rule: Rule, sources: Sequence[Source]) -> None:
    assert rule(sources) != []


def test_pages_scripts_and_tests_stay_small() -> None:
    assert files_stay_small(list(page_sources())) == []


def test_exceptions_are_still_needed() -> None:
    by_path = {source.path: source for source in project()}
    idle = [path for path in ENVIRONMENT_READERS if not any(map(reads_environment, ast.walk(by_path[path].tree)))]
    assert idle == []


def test_names_in_the_rules_exist() -> None:
    named = {*ADAPTERS, *PURE, *ELSEWHERE, *STATE_WRITERS, *PLAIN}
    assert [name for name in sorted(named) if not is_module(name)] == []
