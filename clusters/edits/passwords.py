"""A password that was typed here, on its way to the Secret that holds it."""

from __future__ import annotations

from clusters.doors import door_of
from clusters.edits.edit import Edit, secret_name
from clusters.edits.refusals import ClusterUnreachable, Refused
from clusters.kube.errors import Conflict, KubeError, Rejected
from intent.findings import Finding, Severity

_SOURCE = "Kubernetes API server"


def password_write(edit: Edit, password: str) -> None:
    """Write the Secret, before anything is saved. Raises Refused, ClusterUnreachable."""
    try:
        door_of(edit.cluster).secret_write(edit.cluster.secret_namespace, secret_name(edit.name), password)
    except (Rejected, Conflict) as error:
        hint = "Allow bgpui to create and patch Secrets there, or refer to a Secret of your own in passwordSecret."
        text = f"The Secret {secret_name(edit.name)} cannot be written: {error.message}"
        raise Refused([_finding(edit, "password-not-written", text, hint)]) from error
    except KubeError as error:
        raise ClusterUnreachable(f"The password cannot be written to the cluster now: {error.message}") from error


def password_written(edit: Edit) -> Finding:
    """What to say when the Secret is written and the edit is refused all the same."""
    text = f"Only the new password is in force: the Secret {secret_name(edit.name)} has it already."
    return _finding(edit, "password-written", text, "Make the edit again, or type the password that was.")


def _finding(edit: Edit, code: str, text: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, "spec.password", "", text, _SOURCE, hint, (edit.ref,))
