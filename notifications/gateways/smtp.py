"""SMTP with an end: an attempt is over after ATTEMPT_SECONDS, whatever the server does.

The timer of bounded.py cuts the connection in the middle of a greeting, a TLS handshake or an
answer (docs/decisions.md).
"""

from __future__ import annotations

import smtplib
import socket
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from .addresses import look_up
from .bounded import Deadline

ATTEMPT_SECONDS = 10.0


class OutcomeUnknown(Exception):
    """The connection broke after the text had gone out and before the server's answer."""


class _Timed(smtplib.SMTP):
    """smtplib.SMTP whose whole life is bounded, and that knows if the text had gone out."""

    _deadline: Deadline
    _text_may_be_out = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._deadline = Deadline(ATTEMPT_SECONDS)
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = self._connect(host, port)
        self._deadline.watch(sock)
        return sock

    def _connect(self, host: str, port: int) -> socket.socket:
        """As socket.create_connection, with one time-out for all addresses of the host."""
        failure: OSError = OSError("no address")
        for family, kind, proto, _, address in look_up(host, port, self._deadline):
            sock = socket.socket(family, kind, proto)
            sock.settimeout(self._deadline.remaining())
            try:
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure

    def data(self, msg: Any) -> tuple[int, bytes]:
        try:
            return super().data(msg)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            if self._text_may_be_out:
                raise OutcomeUnknown from error
            raise

    def getreply(self) -> tuple[int, bytes]:
        code, answer = super().getreply()
        # 354: "go on"; from here on the text is on its way, until the next answer.
        self._text_may_be_out = code == 354
        return code, answer

    def close(self) -> None:
        self._deadline.over()
        super().close()


class _TimedSSL(smtplib.SMTP_SSL, _Timed):
    """The same with TLS from the first byte; SMTP_SSL asks _Timed for the socket beneath."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._deadline = Deadline(ATTEMPT_SECONDS)  # SMTP_SSL does not call _Timed's
        super().__init__(*args, **kwargs)


class TimedEmailBackend(EmailBackend):
    """Django's SMTP backend, bounded; raises OutcomeUnknown, SMTPException, OSError."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _TimedSSL if self.use_ssl else _Timed

    def close(self) -> None:
        # By now the server has answered for the message; a farewell that fails changes nothing.
        connection = self.connection
        try:
            super().close()
        except (smtplib.SMTPException, OSError):
            self.connection = None
        finally:
            if connection is not None:
                connection.close()


def send(message: EmailMessage) -> None:
    """Hand one e-mail to the server of the settings (EMAIL_URL)."""
    TimedEmailBackend().send_messages([message])
