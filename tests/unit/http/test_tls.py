"""tls_context: one context for all connections, created outside the event loop."""

import asyncio
import ssl
import threading
from pathlib import Path

import httpx
import pytest

from oauth_guard.http.tls import tls_context

_create = httpx.create_ssl_context


async def test_context_is_created_once_and_in_another_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It takes 20 ms, which would stop the event loop for each new tenant."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    threads: list[threading.Thread] = []

    def create() -> ssl.SSLContext:
        threads.append(threading.current_thread())
        return _create()

    monkeypatch.setattr(httpx, "create_ssl_context", create)
    contexts = await asyncio.gather(*(tls_context() for _ in range(50)))
    assert {id(each) for each in contexts} == {id(await tls_context())}
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


async def test_context_verifies_the_certificate_and_the_name() -> None:
    """One that does not would send tokens to anybody."""
    context = await tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


async def test_file_that_is_unreadable_is_read_again_at_the_next_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An operator who mends it need not restart the process."""
    file = tmp_path / "authorities.pem"
    file.write_text("nonsense")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(OSError, match=r"PEM|certificate|SSL"):
        await tls_context()
    monkeypatch.setattr(httpx, "create_ssl_context", ssl.create_default_context)
    assert isinstance(await tls_context(), ssl.SSLContext)
