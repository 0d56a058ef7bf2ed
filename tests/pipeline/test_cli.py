from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app

README = Path(__file__).resolve().parents[2] / "README.md"
COMMANDS = [
    ["convert"],
    ["status"],
    ["build"],
    ["index"],
    ["search"],
    ["bag"],
    ["inspect"],
    ["align"],
    ["check"],
    ["cut-lines"],
    ["enrich"],
    ["tables"],
    ["speak"],
    ["translate"],
    ["train"],
    ["adapt"],
    ["train-language"],
    ["train-reviser"],
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


def test_the_version_is_told() -> None:
    assert run("--version") == (0, f"inkfolio {version('inkfolio')}\n", "")


def test_help_names_every_format() -> None:
    from pipeline.cli import FORMATS_HELP
    from pipeline.stages import WRITERS

    assert f"Formats, with commas: {', '.join(WRITERS)}." == FORMATS_HELP


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


def test_dry_run_writes_nothing(tmp_path: Path, tiny_model: Path) -> None:
    source = page(tmp_path / "p.png")
    words = ("convert", source, "--out", tmp_path / "out", "--dry-run", "--model", tiny_model)
    code, out, _ = run(*words)
    assert code == 0
    assert "1 documents, 1 pages from 1 .png" in out
    assert not (tmp_path / "out").exists()


def test_log_is_json_and_status_is_told(tmp_path: Path, tiny_model: Path) -> None:
    source = page(tmp_path / "p.png")
    words = ("convert", source, "--out", tmp_path / "out", "--log-json", "--model", tiny_model)
    code, _, err = run(*words, "--jobs", 1)
    assert code == 0
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["status"] for line in lines if "page" in line] in (["done"], ["blank"])
    assert run("status", tmp_path / "out")[1].startswith("complete")
    told = json.loads(run("status", tmp_path / "out", "--json")[1])
    assert told["total"] == 1


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="nothing"),
        pytest.param(["a.png", "--watch", "b"], id="both"),
        pytest.param(["a.png", "--max-memory-per-page", "much"], id="no size"),
    ],
)
def test_arguments_that_make_no_sense_are_code_1(words: list[str]) -> None:
    code, _, err = run("convert", *words, "--model", "none.safetensors")
    assert code == 1
    assert err.startswith("inkfolio: ")


def test_user_errors_are_one_sentence_and_a_code(tmp_path: Path, tiny_model: Path) -> None:
    code, out, err = run("convert", tmp_path / "none.png", "--model", tiny_model)
    assert (code, out) == (2, "")
    assert err.startswith("inkfolio: ") and "none.png" in err and err.count("\n") == 1


def test_settings_come_from_a_file(tmp_path: Path, tiny_model: Path) -> None:
    config = tmp_path / "inkfolio.toml"
    config.write_text('formats = ["txt"]\n[segment]\nbinarizer = "otsu"\n')
    source = page(tmp_path / "p.png")
    words = ("convert", source, "--out", tmp_path / "out", "--config", config, "--jobs", 1)
    assert run(*words, "--model", tiny_model)[0] == 0
    assert '"binarizer": "otsu"' in (tmp_path / "out" / "report.json").read_text()


def test_the_flag_counts_before_the_files_looks(tmp_path: Path, tiny_model: Path) -> None:
    config = tmp_path / "inkfolio.toml"
    config.write_text("looks = 2\n")
    source = page(tmp_path / "p.png")
    words = ("convert", source, "--out", tmp_path / "out", "--config", config, "--to", "txt")
    assert run(*words, "--model", tiny_model, "--looks", 1)[0] == 0
    assert '"looks": 1' in (tmp_path / "out" / "report.json").read_text()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        pytest.param("colour = 1", "colour", id="unknown"),
        pytest.param("looks = 0", "looks must be 1 or more", id="no look at all"),
    ],
)
def test_a_wrong_setting_is_code_9(tmp_path: Path, setting: str, said: str) -> None:
    config = tmp_path / "inkfolio.toml"
    config.write_text(f"{setting}\n")
    code, _, err = run("convert", page(tmp_path / "p.png"), "--config", config)
    assert code == 9
    assert said in err


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


def test_a_training_from_nothing_wants_a_recipe(tmp_path: Path) -> None:
    code, _, said = run("train", tmp_path, "--out", tmp_path / "run")
    assert code == 1
    assert "--recipe" in said and "--from" in said
