"""`python -m lab.control_plane` builds the programs that are not there yet and says where they are."""

from __future__ import annotations

import sys
import time

from lab.control_plane.binaries import Missing, build


def main() -> int:
    """3 if there is nothing to build them with."""
    begun = time.monotonic()
    try:
        found = build()
    except Missing as missing:
        sys.stderr.write(f"no control plane: {missing}\n")
        return 3
    sys.stdout.write(f"control plane: {found.kube_apiserver.parent}, {time.monotonic() - begun:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
