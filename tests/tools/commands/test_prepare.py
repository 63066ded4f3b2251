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
        pytest.param({"python3.30": "new", "python3.9": "new"}, "python3.30", id="future version"),
        pytest.param(
            {"python3.13": "shim", "python3.12": "new"}, "python3.12", id="a shim that does not run"
        ),
        pytest.param({"python3.14": "bare", "python3.12": "new"}, "python3.12", id="without venv"),
        pytest.param({"python3": "old", "python": "new"}, "python", id="old version first"),
    ],
)
def test_prepare_uses_the_newest_python_that_works(
    machine: Machine, stubs: dict[str, str], chosen: str
) -> None:
    """It must be on the PATH, run, have a supported version and be able to make environments."""
    for name, kind in stubs.items():
        machine.put(name, kind)
    ended = machine.run("demo_api/prepare", "demo")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{chosen} -m venv .venv\n" in machine.log


def test_prepare_skips_a_shim_that_does_not_run(machine: Machine) -> None:
    """A program of the same name further down the PATH is tried too."""
    machine.put("python3.11", "shim")
    machine.put("python3.11", "new", machine.second)
    assert f"with {machine.second}/python3.11\n" in machine.run("demo_api/prepare", "dev").stdout


@pytest.mark.parametrize(
    ("stubs", "message"),
    [
        pytest.param({}, "no Python 3.11 or newer works here: install one", id="none"),
        pytest.param({"python3": "old"}, "no Python 3.11 or newer works here", id="too old"),
        pytest.param({"python3.12": "shim"}, "no Python 3.11 or newer works here", id="a shim"),
        pytest.param({"python3": "bare"}, "python3 has no venv module: install it", id="bare"),
        pytest.param({"python3": "offline"}, "could not install: ", id="no network"),
        pytest.param(
            {"python3": "new", "uv": "offline"}, "could not install: ", id="no network for uv"
        ),
    ],
)
def test_failed_preparation_prints_one_line(
    machine: Machine, stubs: dict[str, str], message: str
) -> None:
    """The line says what is wrong and what to do, and the command fails."""
    for name, kind in stubs.items():
        machine.put(name, kind)
    ended = machine.run("demo_api/run")
    assert ended.returncode == 1
    assert message in ended.stderr
    assert ended.stderr.startswith("stopped: ")
    assert ended.stderr.count("\n") == 1
    assert not (machine.checkout / ".venv/installed").exists()


@pytest.mark.parametrize(
    ("first", "change", "second", "installs"),
    [
        pytest.param("demo", "", "demo", False, id="nothing changed"),
        pytest.param("dev", "", "demo", False, id="dev includes demo"),
        pytest.param("demo", "", "dev", True, id="dev after demo"),
        pytest.param("dev", "pyproject.toml", "dev", True, id="other dependencies"),
        pytest.param(
            "dev", "pyproject.toml", "demo", True, id="demo after dev, other dependencies"
        ),
        pytest.param("demo", ".venv/installed", "demo", True, id="interrupted installation"),
    ],
)
def test_prepare_installs_only_after_a_change(
    machine: Machine, first: str, change: str, second: str, installs: bool
) -> None:
    """The extra, the dependencies and the end of the last installation decide."""
    machine.put("python3", "new")
    machine.run("demo_api/prepare", first)
    if change:
        with (machine.checkout / change).open("a") as file:
            file.write("# changed\n")
    assert machine.run("demo_api/prepare", second).returncode == 0
    assert (f"--editable .[{second}]\n" in machine.log) is installs
    assert "venv" not in machine.log


def test_moved_checkout_is_installed_again(machine: Machine) -> None:
    """The editable installation contains the path of the old folder."""
    machine.put("python3", "new")
    machine.run("demo_api/prepare", "demo")
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("moved"))
    machine.run("demo_api/prepare", "demo")
    assert "pip install" in machine.log


def test_environment_whose_python_does_not_run_is_replaced(machine: Machine) -> None:
    """Its Python may have been uninstalled."""
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
        pytest.param("shim", "new", False, id="uv does not run"),
    ],
)
def test_prepare_uses_uv_if_it_runs(machine: Machine, uv: str, python: str, with_uv: bool) -> None:
    """The same tool makes the environment and installs: uv if it runs, else venv and pip."""
    machine.put("uv", uv)
    machine.put("python3", python)
    assert machine.run("demo_api/prepare", "demo").returncode == 0
    assert ("uv venv " in machine.log, "uv pip install" in machine.log) == (with_uv, with_uv)
    assert ("-m pip install" in machine.log) is not with_uv


def test_run_passes_its_arguments_to_the_demo(machine: Machine) -> None:
    """They arrive unchanged, one with a space included."""
    machine.put("python3", "new")
    machine.run("demo_api/run", "--port", "8001", "a b")
    assert machine.log.endswith("python -m demo_api --port 8001 a b\n")
