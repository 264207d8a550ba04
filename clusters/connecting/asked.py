"""What is asked for when a cluster is added or given other credentials, the same in browser and REST."""

from __future__ import annotations

import re

from django.conf import settings

from clusters.connecting.access import UnfitError, reachable
from clusters.connecting.kubeconfig import Context, chosen, contexts_of
from clusters.connecting.once import once
from clusters.connecting.sealing import MAKE_KEY, NO_KEY, has_key
from clusters.connecting.trial import Trial, tried
from clusters.kube.connection import Access
from clusters.models import Cluster

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_RESERVED = frozenset({"new"})  # the address of a page
LABEL_LIMIT = 80


def name_asked(name: str) -> str:
    """A name for a new cluster. Raises UnfitError."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        text = "The name has at most 63 lower case letters, digits and hyphens, and neither begins nor ends with one"
        more = f"; {name} is taken by bgpui itself" if name in _RESERVED else ""
        raise UnfitError("name", f"{text}{more}.", "Choose such a name; the label may be anything.")
    settled = any(setting.name == name for setting in settings.BGPUI_CLUSTERS)
    if settled or Cluster.objects.filter(name=name, removed_at=None).exists():
        raise UnfitError("name", f"There is a cluster {name} already.", "Choose another name.")
    return name


def label_asked(label: str) -> str:
    """What people shall call it. Raises UnfitError."""
    label = label.strip()
    if len(label) > LABEL_LIMIT or not label.isprintable():
        raise UnfitError("label", f"The label has at most {LABEL_LIMIT} printable characters.", "Choose a shorter one.")
    return label


def contexts_asked(text: str) -> tuple[list[Context], str]:
    """The contexts of a kubeconfig, and the name of the current one. Raises UnfitError."""
    if not has_key():
        raise UnfitError("kubeconfig", NO_KEY, MAKE_KEY)
    return contexts_of(text, insecure=settings.BGPUI_INSECURE_CLUSTERS)


def access_asked(contexts: list[Context], current: str, context: str, *, but: Cluster | None = None) -> Access:
    """What is taken of the context. but: the cluster that it is for. Raises UnfitError."""
    access = chosen(contexts, current, context)
    once(access, but=but)
    return access


def trial_of(name: str, access: Access | None, *, but: Cluster | None = None) -> Trial:
    """The cluster as it answers. but: the one that it is for. Raises UnfitError if it cannot be used."""
    if access is not None:
        reachable(access)
    trial = tried(name, access)
    if trial.error:
        raise UnfitError("kubeconfig" if access else "inCluster", f"Tried, and {_said(trial.error)}", trial.way_out)
    once(access, but=but, facts=trial.facts)
    return trial


def _said(error: str) -> str:
    return error if error.endswith((".", "…")) else f"{error}."
