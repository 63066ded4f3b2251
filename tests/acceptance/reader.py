"""Reader: follows a page literally, with only the packages that the page installs."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.documents import ROOT, Block, Command, commands_of
from tests.acceptance.installed import missing_modules

_SECONDS = 60
_ORIGIN = "http://127.0.0.1:8000"
_ISSUER = 'JWTIssuer("https://login.example.com"'
#: Commands that change the machine. They are not run; `pip install` decides what is importable.
_NOT_RUN = re.compile(r"(python3 -m venv|\. |pip install|sh tests/run)")

_LOCAL_ISSUER = """\
from pathlib import Path
from oauth_guard.testing import LocalIssuer
issuer = LocalIssuer("https://login.example.com", audience="{origin}")
Path("token.txt").write_text(issuer.token("orders:read", "orders:pay"))
"""
_SITE = """\
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError("the page does not install " + name, name=name)
sys.meta_path.insert(0, Missing())
"""


class Reader:
    """Saves the files of a page in *folder*, runs its commands and compares their output.

    Port 8000 is replaced by a free port, and `https://login.example.com` by a LocalIssuer. Of
    *programs*, each name in a command is replaced by the command that runs it here.
    """

    def __init__(self, folder: Path, programs: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._programs = programs or {}
        self._port = _free_port()
        self.origin = f"http://127.0.0.1:{self._port}"
        self._variables: list[str] = []
        self._server = ExitStack()
        self._install(["oauth-guard"])

    def follow(self, blocks: Iterable[Block]) -> int:
        """Follow *blocks* in order; return the number of commands that were run."""
        run = 0
        with self._server:
            for block in blocks:
                if block.file_name:
                    self.save(block)
                elif block.language == "console":
                    run += sum(self._type(command) for command in commands_of(block))
        return run

    def save(self, block: Block) -> None:
        """Save the file of *block*, with its port and its issuer replaced."""
        text = block.text.replace(_ORIGIN, self.origin)
        if _ISSUER in text:
            text = "from local_issuer import issuer\n" + text.replace(
                _ISSUER, f"{_ISSUER}, http=issuer.http"
            )
            issuer = self._folder / "local_issuer.py"
            issuer.write_text(_LOCAL_ISSUER.format(origin=self.origin), encoding="utf-8")
        (self._folder / (block.file_name or "")).write_text(text, encoding="utf-8")

    @contextmanager
    def serving(self, application: str) -> Iterator[str]:
        """Serve *application* with uvicorn; yield its origin."""
        self._install(["oauth-guard", "uvicorn"])
        with self._server:
            self._serve("uvicorn", application)
            yield self.origin

    def _type(self, command: Command) -> bool:
        """Run *command*, unless it changes the machine; return whether it ran."""
        first, *arguments = command.text.split()
        if command.text.startswith("pip install"):
            self._install(["oauth-guard" if one == "." else one for one in arguments[1:]])
        if _NOT_RUN.match(command.text):
            return False
        if first == "uvicorn":
            self._serve("uvicorn", *arguments)
        elif command.text == "sh demo_api/run":
            self._install(["oauth-guard[demo]"])
            self._serve("demo_api", "--client-port", "0")
        elif re.match(r"[A-Z]+=", command.text):
            self._variables.append(command.text)
        else:
            self._compare(command)
        return True

    def _compare(self, command: Command) -> None:
        """Run *command* in a shell, and compare its output; `…` matches any text or any lines."""
        text = "\n".join([*self._variables, command.text])
        for name, program in self._programs.items():
            text = text.replace(name, program)
        text = text.replace(".venv/bin/python", sys.executable).replace(_ORIGIN, self.origin)
        text = text.replace("demo_api credentials", f"demo_api credentials --port {self._port}")
        text = text.replace("demo_api.mcp_client", f"demo_api.mcp_client --origin {self.origin}")
        text = text.replace("demo_api.clients", f"demo_api.clients --origin {self.origin}")
        ran = subprocess.run(
            ["sh", "-euc", text],  # noqa: S607 - the shell of the system, as a reader has it
            cwd=self._folder,
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=_SECONDS,
        )
        printed = ran.stdout.decode().replace("\r", "").strip()
        lines = command.output.replace(_ORIGIN, self.origin).strip().split("\n")
        pattern = "".join("(?:.*\n)*?" if one == "…" else f"{_any_text(one)}\n" for one in lines)
        assert re.fullmatch(pattern, f"{printed}\n"), f"{command.text}\nprinted\n{printed}"

    def _serve(self, module: str, *arguments: str) -> None:
        """Start `python -m MODULE` on our port in place of the server before it."""
        self._server.close()
        command = [sys.executable, "-m", module, *arguments, "--port", str(self._port)]
        log = self._server.enter_context((self._folder / "log.txt").open("wb"))
        process = subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdout=log, stderr=log
        )
        self._server.callback(process.wait, _SECONDS)
        self._server.callback(process.terminate)
        for _ in range(_SECONDS * 10):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail((self._folder / "log.txt").read_text(encoding="utf-8"))

    def _install(self, requirements: list[str]) -> None:
        """Make only the packages of *requirements* importable for the commands."""
        site = self._folder / "site"
        site.mkdir(exist_ok=True)
        text = _SITE.format(missing=missing_modules(requirements))
        (site / "sitecustomize.py").write_text(text, encoding="utf-8")
        self._environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
            "no_proxy": "*",
            # pytest would load the plugins of packages that the page does not install.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }


def _any_text(line: str) -> str:
    return re.escape(line).replace("…", ".*")


def _free_port() -> int:
    """Return a port that is free and whose next is free, which the demo's client listens on."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port: int = server.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except OSError:
                continue
            return port
