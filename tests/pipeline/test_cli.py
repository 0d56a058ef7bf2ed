from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app

README = Path(__file__).resolve().parents[2] / "README.md"
COMMANDS = [
    ["convert"],
    ["inspect"],
    ["train"],
    ["train-lines"],
    ["evaluate", "lines"],
    ["evaluate", "pages"],
]


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def page(path: Path) -> Path:
    pixels = np.full((300, 400), 230, np.uint8)
    pixels[100:130, 50:350:12] = 30
    Image.fromarray(pixels).save(path, dpi=(150, 150))
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    code, text, _ = run(*command, "--help")
    assert code == 0
    assert "Example: inkfolio " + " ".join(command) in " ".join(text.split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_stands_in_the_readme(command: list[str]) -> None:
    assert "inkfolio " + " ".join(command) in README.read_text("utf-8")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, pipeline.cli as c; from typer.testing import CliRunner as R;"
        "R().invoke(c.app, ['--help']); "
        "print([m for m in ('torch', 'cv2', 'numpy', 'skimage') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_convert_says_what_it_did_on_stderr(tmp_path: Path, tiny_model: Path) -> None:
    source = page(tmp_path / "p.png")
    words = ("convert", source, "--out", tmp_path / "out", "--to", "txt", "--jobs", 1)
    code, out, err = run(*words, "--model", tiny_model)
    assert (code, out) == (0, "")
    assert "1 page in 1 document" in err
    assert (tmp_path / "out" / "p.txt").exists()


def test_user_errors_are_one_sentence_and_a_code(tmp_path: Path) -> None:
    code, out, err = run("convert", tmp_path / "none.png")
    assert (code, out) == (2, "")
    assert err.startswith("inkfolio: ") and "none.png" in err and err.count("\n") == 1


def test_settings_come_from_a_file(tmp_path: Path, tiny_model: Path) -> None:
    config = tmp_path / "inkfolio.toml"
    config.write_text('formats = ["txt"]\n[segment]\nbinarizer = "otsu"\n')
    source = page(tmp_path / "p.png")
    words = ("convert", source, "--out", tmp_path / "out", "--config", config, "--jobs", 1)
    assert run(*words, "--model", tiny_model)[0] == 0
    assert '"binarizer": "otsu"' in (tmp_path / "out" / "report.json").read_text()


def test_unknown_setting_is_code_9(tmp_path: Path) -> None:
    config = tmp_path / "inkfolio.toml"
    config.write_text("colour = 1\n")
    code, _, err = run("convert", page(tmp_path / "p.png"), "--config", config)
    assert code == 9
    assert "colour" in err


def test_inspect_draws_a_picture(tmp_path: Path, tiny_model: Path) -> None:
    out = tmp_path / "seen.png"
    code, text, _ = run("inspect", page(tmp_path / "p.png"), "--out", out, "--model", tiny_model)
    assert (code, text.strip()) == (0, str(out))
    assert Image.open(out).width >= 400


@pytest.mark.parametrize(
    ("flags", "answer", "expected"),
    [
        pytest.param(["--lines", "magic"], "auto, net, profile", 9, id="no such finder"),
        pytest.param(
            ["--lines", "net", "--net", "missing.safetensors"], "no line finder", 2, id="no weights"
        ),
    ],
)
def test_finder_that_is_not_there_is_refused(
    tmp_path: Path, flags: list[str], answer: str, expected: int
) -> None:
    source = page(tmp_path / "p.png")
    code, _, err = run("convert", source, "--out", tmp_path / "out", *flags)
    assert code == expected
    assert answer in err
