"""`demo_api/prepare` picks a Python that works, and installs when something has changed."""

import pytest

from tests.tools.commands.machine import Machine


@pytest.mark.parametrize(
    ("stubs", "chosen"),
    [
        pytest.param({"python3": "new"}, "python3", id="the only one"),
        pytest.param({"python": "new"}, "python", id="under its plain name"),
        pytest.param(
            {"python3.11": "new", "python3.13": "new", "python3": "new"}, "python3.13", id="newest"
        ),
        pytest.param({"python3.30": "new", "python3.9": "new"}, "python3.30", id="yet to come"),
        pytest.param({"python3.13": "shim", "python3.12": "new"}, "python3.12", id="a dead shim"),
        pytest.param({"python3.14": "bare", "python3.12": "new"}, "python3.12", id="a bare one"),
        pytest.param({"python3": "old", "python": "new"}, "python", id="an old one first"),
    ],
)
def test_the_newest_python_that_works_is_taken(
    machine: Machine, stubs: dict[str, str], chosen: str
) -> None:
    """Being found on the PATH is not enough: it must run, be new enough and make environments."""
    for name, kind in stubs.items():
        machine.put(name, kind)
    ended = machine.run("demo_api/prepare", "demo")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{chosen} -m venv .venv\n" in machine.log


def test_a_shim_hides_no_python_behind_it(machine: Machine) -> None:
    """The same name further down the PATH is tried too."""
    machine.put("python3.11", "shim")
    machine.put("python3.11", "new", machine.second)
    assert f"with {machine.second}/python3.11\n" in machine.run("demo_api/prepare", "dev").stdout


@pytest.mark.parametrize(
    ("stubs", "said"),
    [
        pytest.param({}, "no Python 3.11 or newer works here: install one", id="none"),
        pytest.param({"python3": "old"}, "no Python 3.11 or newer works here", id="too old"),
        pytest.param({"python3.12": "shim"}, "no Python 3.11 or newer works here", id="a shim"),
        pytest.param({"python3": "bare"}, "python3 has no venv module: install it", id="bare"),
        pytest.param({"python3": "offline"}, "could not install: mend", id="no network"),
        pytest.param(
            {"python3": "new", "uv": "offline"}, "could not install: mend", id="no network for uv"
        ),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(
    machine: Machine, stubs: dict[str, str], said: str
) -> None:
    """One line says what is wrong and what to do, and the command fails."""
    for name, kind in stubs.items():
        machine.put(name, kind)
    ended = machine.run("demo_api/run")
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stderr.startswith("stopped: ")
    assert ended.stderr.count("\n") == 1
    assert not (machine.checkout / ".venv/installed").exists()


@pytest.mark.parametrize(
    ("first", "change", "second", "installs"),
    [
        pytest.param("demo", "", "demo", False, id="nothing changed"),
        pytest.param("dev", "", "demo", False, id="dev holds demo"),
        pytest.param("demo", "", "dev", True, id="demo lacks what dev asks for"),
        pytest.param("dev", "pyproject.toml", "dev", True, id="other dependencies"),
        pytest.param("dev", "pyproject.toml", "demo", True, id="dev no longer holds demo"),
        pytest.param("demo", ".venv/installed", "demo", True, id="an install that did not end"),
    ],
)
def test_it_installs_only_when_something_changed(
    machine: Machine, first: str, change: str, second: str, installs: bool
) -> None:
    """What is there is not installed again; what has changed is."""
    machine.put("python3", "new")
    machine.run("demo_api/prepare", first)
    if change:
        with (machine.checkout / change).open("a") as file:
            file.write("# changed\n")
    assert machine.run("demo_api/prepare", second).returncode == 0
    assert (f"--editable .[{second}]\n" in machine.log) is installs
    assert "venv" not in machine.log


def test_a_moved_checkout_is_installed_again(machine: Machine) -> None:
    """What was installed points to the old folder."""
    machine.put("python3", "new")
    machine.run("demo_api/prepare", "demo")
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("moved"))
    machine.run("demo_api/prepare", "demo")
    assert "pip install" in machine.log


def test_a_broken_environment_is_made_anew(machine: Machine) -> None:
    """An environment whose Python was uninstalled is of no use."""
    machine.put("python3", "new")
    machine.run("demo_api/prepare", "demo")
    machine.put("python", "shim", machine.checkout / ".venv/bin")
    assert "Making .venv with" in machine.run("demo_api/prepare", "demo").stdout
    assert "pip install" in machine.log


@pytest.mark.parametrize(
    ("uv", "python", "with_uv"),
    [
        pytest.param("new", "new", True, id="uv works"),
        pytest.param("new", "bare", True, id="uv needs no venv module"),
        pytest.param("shim", "new", False, id="uv is a dead shim"),
    ],
)
def test_uv_is_taken_where_it_works(machine: Machine, uv: str, python: str, with_uv: bool) -> None:
    """Environment and packages come from the same tool, uv if there is one and pip if not."""
    machine.put("uv", uv)
    machine.put("python3", python)
    assert machine.run("demo_api/prepare", "demo").returncode == 0
    assert ("uv venv " in machine.log, "uv pip install" in machine.log) == (with_uv, with_uv)
    assert ("-m pip install" in machine.log) is not with_uv


def test_the_arguments_reach_the_demo(machine: Machine) -> None:
    """The demo starts with what was typed behind its command."""
    machine.put("python3", "new")
    machine.run("demo_api/run", "--port", "8001", "a b")
    assert machine.log.endswith("python -m demo_api --port 8001 a b\n")
