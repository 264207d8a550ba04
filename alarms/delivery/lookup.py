"""Names of receivers, looked up by threads that nobody waits for: a resolver that is away takes a minute to say so."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future

_MOST = 32  # look-ups at a time; each of them holds a thread for as long as the resolver likes
_free = threading.BoundedSemaphore(_MOST)
_lock = threading.Lock()
_FULL = f"the resolver does not answer: {_MOST} look-ups wait for it"

Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]]
_Name = tuple[str, int, int]
_asked: dict[_Name, Future[Found]] = {}


def look_up(host: str, port: int, family: int = socket.AF_UNSPEC) -> Future[Found]:
    """What getaddrinfo says, or the OSError that it raises. Raises OSError if too many wait, or it gets no thread.

    Who asks for a name that is being looked up waits with the others: tries come faster than a resolver gives up.
    """
    name = (host, port, family)
    with _lock:
        if name not in _asked:
            _asked[name] = _looked_up(name)
        return _asked[name]


def _looked_up(name: _Name) -> Future[Found]:
    if not _free.acquire(blocking=False):
        raise OSError(_FULL)
    found: Future[Found] = Future()
    found.set_running_or_notify_cancel()
    # A daemon: the end of the process does not wait for it either, as it would for the threads of an executor.
    asks = threading.Thread(target=_ask, args=(found, name), daemon=True, name=f"look-up of {name[0]}")
    try:
        asks.start()
    except RuntimeError as error:
        _free.release()
        raise OSError(f"no thread to look {name[0]} up: {error}") from error
    return found


def _ask(found: Future[Found], name: _Name) -> None:
    (host, port, family), addresses, failed = name, Found(), None
    try:
        addresses += socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError as error:
        failed = error
    except UnicodeError as error:
        failed = OSError(f"no name of a host: {error}")
    finally:
        _free.release()
        with _lock:
            del _asked[name]
    if failed is None:
        found.set_result(addresses)
    else:
        found.set_exception(failed)
