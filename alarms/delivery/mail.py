"""One mail over SMTP: bounded in time as a whole, and not command by command, however many recipients it has."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from base64 import b64encode
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

from alarms.delivery.failure import DeliveryError
from alarms.delivery.lookup import look_up
from alarms.secrets import without, words_of
from clusters.words import bounded

TIMEOUT = 30.0  # seconds, for all of it: servers greet strangers slowly, and take recipients one by one


def post(message: EmailMessage) -> None:
    """Hand it to the server of the settings. Raises DeliveryError."""
    until = time.monotonic() + TIMEOUT
    try:
        _send(message, until)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if time.monotonic() >= until:
            raise DeliveryError(f"no answer within {TIMEOUT:g} s", away=True) from None
        # smtplib's own errors are OSErrors, too: what a server says of one mail says nothing of others.
        away = isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException)
        raise DeliveryError(without(bounded(error, 2000), _secret()) or type(error).__name__, away=away) from None


def _secret() -> tuple[str, ...]:
    """What a server may repeat of a login (RFC 4954: base64 of PLAIN's and LOGIN's texts)."""
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    if not (user and password):
        return ()
    said = (password, f"\0{user}\0{password}")
    # smtplib's errors are written as the tuples of bytes that they are.
    return words_of([password, repr(password.encode())[2:-1], *(b64encode(text.encode()).decode() for text in said)])


def _send(message: EmailMessage, until: float) -> None:
    secure = settings.EMAIL_USE_SSL or settings.EMAIL_USE_TLS
    context = ssl.create_default_context() if secure else None
    charset = str(message.encoding or settings.DEFAULT_CHARSET)
    sender, *recipients = (sanitize_address(one, charset) for one in (message.from_email, *message.to))
    line = _Line(until, context if settings.EMAIL_USE_SSL else None)
    try:
        if settings.EMAIL_USE_TLS:
            line.starttls(context=context)
        if settings.EMAIL_HOST_USER and settings.EMAIL_HOST_PASSWORD:
            _login(line, settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        line.send_message(message.message(), sender, recipients)
        with suppress(smtplib.SMTPException, OSError):  # it was taken, whatever the server says to that
            line.docmd("QUIT")
    finally:
        line.close()


def _login(line: smtplib.SMTP, user: str, password: str) -> None:
    try:
        line.login(user, password)
    except UnicodeError:  # it repeats characters of the password
        raise ValueError("user and password in BGPUI_EMAIL_URL: SMTP takes ASCII alone; choose others") from None


class _Line(smtplib.SMTP):
    """A connection that is cut at a time of the monotonic clock, whatever it waits for. context: TLS from the start."""

    def __init__(self, until: float, context: ssl.SSLContext | None) -> None:
        self._until, self._context = until, context
        self._handle: socket.socket | None = None
        self._cut: threading.Timer | None = None
        super().__init__(settings.EMAIL_HOST, settings.EMAIL_PORT, local_hostname=socket.gethostname())
        if "." not in self.local_hostname and self._handle is not None:
            # RFC 5321, 4.1.3: who has no name with a domain says its address; to ask for a name would take time.
            own = str(self._handle.getsockname()[0])
            self.local_hostname = f"[IPv6:{own}]" if ":" in own else f"[{own}]"

    def _get_socket(self, host: str, port: int, _timeout: object) -> socket.socket:
        """smtplib's own place for it, which SMTP_SSL uses, too."""
        addresses = look_up(host, port).result(self._left())
        raw = self._connected([str(address[0]) for *_, address in addresses], port)
        try:
            raw.settimeout(self._left())
            self._handle = raw.dup()  # of the same connection, also when TLS has taken the other one over
            self._cut = threading.Timer(self._left(), _shut, (self._handle,))
            self._cut.daemon = True
            self._cut.start()
            return raw if self._context is None else self._context.wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            self.close()
            raise

    def _connected(self, addresses: list[str], port: int) -> socket.socket:
        """With the first one that answers; each has its part of the time. Raises OSError."""
        last = OSError("the name of the mail server has no address")
        for number, address in enumerate(addresses):
            try:
                return socket.create_connection((address, port), self._left() / (len(addresses) - number))
            except OSError as error:
                last = error
        raise last

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def close(self) -> None:
        """Also of one that could not be opened."""
        super().close()
        if self._cut is not None:
            self._cut.cancel()
        if self._handle is not None:
            self._handle.close()


def _shut(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
