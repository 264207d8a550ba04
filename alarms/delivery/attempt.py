"""One try to tell a receiver, whatever becomes of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import PurePath

from alarms.delivery.failure import DeliveryError
from alarms.models import Route
from alarms.secrets import ClosedError, Secrets, secrets_of, without
from clusters.words import bounded

_ERROR = 300


def attempt(route: Route, tell: Callable[[Secrets], object]) -> None:
    """Raises DeliveryError, without what is secret, for all that may go wrong."""
    secrets = None
    try:
        secrets = secrets_of(route)
        tell(secrets)
    except DeliveryError as error:
        raise DeliveryError(_told(error, secrets), error.after, away=error.away) from None
    except ClosedError as error:
        raise DeliveryError(str(error)) from None
    except Exception as error:  # noqa: BLE001  # also what nobody thought of, or it is tried for ever, unseen
        at = traceback.extract_tb(error.__traceback__)[-1]  # its own words may repeat what is secret
        where = f"{type(error).__name__} in {PurePath(at.filename).name}, line {at.lineno}"
        raise DeliveryError(f"an unexpected error of bgpui: {where}") from None


def _told(error: Exception, secrets: Secrets | None) -> str:
    """The error without what is secret, should it repeat that."""
    return bounded(without(str(error), secrets.words if secrets is not None else ()), _ERROR)
