"""read_secret(): secrets in files."""

from pathlib import Path

import pytest

from oauth_guard.config.secret_file import read_secret
from oauth_guard.errors import ConfigurationError


def _file(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"s3cret", b"s3cret"), (b"s3cret\r\n", b"s3cret"), (b"\xff\x0a", b"\xff\x0a")],
)
@pytest.mark.parametrize("mode", [0o400, 0o640])
def test_secret_is_the_content_of_the_file(
    tmp_path: Path, content: bytes, secret: bytes, mode: int
) -> None:
    """A text loses its line break; random bytes lose nothing."""
    assert read_secret(_file(tmp_path, content, mode)) == secret


@pytest.mark.parametrize(
    ("content", "mode", "text"),
    [
        (b"s3cret", 0o644, "readable by everybody"),
        (b"", 0o600, "is empty"),
        (b"\n", 0o600, "is empty"),
        (b"x" * 65537, 0o600, "longer than 64 KiB"),
    ],
    ids=["readable", "empty", "line break", "long"],
)
def test_unsafe_or_useless_file_is_an_error(
    tmp_path: Path, content: bytes, mode: int, text: str
) -> None:
    """The text names the file, and has nothing of its content."""
    path = _file(tmp_path, content, mode)
    with pytest.raises(ConfigurationError, match=text) as error:
        read_secret(path)
    assert path in str(error.value)
    assert "s3cret" not in str(error.value)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """The text says why it can't be read."""
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        read_secret(str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="can't be read: Is a directory"):
        read_secret(str(tmp_path))
