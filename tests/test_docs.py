"""What the documentation says: it is generated where it can be, its examples are valid, its links lead somewhere."""
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
# A block whose first line is this comment is a whole configuration; others are fragments.
WHOLE = "# full configuration"

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name(page):
    return str(page.relative_to(ROOT))


def examples():
    blocks = ((page, kind, text) for page in PAGES for kind, text in FENCE.findall(page.read_text()))
    return [(page, text) for page, kind, text in blocks if kind == "yaml" and text.startswith(WHOLE)]


def prose(page):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))


def anchors(page):
    """The fragments of a page's headings, as the site and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def proxyctl(stage, *words, **options):
    return subprocess.run([stage / "bin/proxyctl", *words], capture_output=True, text=True, timeout=30, check=False, **options)


@pytest.mark.parametrize("what, file", [("reference", "reference.md"), ("schema", "schema.json")])
def test_generated_pages_are_up_to_date(stage, what, file):
    told = proxyctl(stage, "config", what)
    assert told.returncode == 0, told
    assert (DOCS / "configuration" / file).read_text() == told.stdout, "stale: run packaging/generate-docs.sh"


def test_schema_is_json():
    assert json.loads((DOCS / "configuration/schema.json").read_text())["properties"].keys() >= {"server", "rules"}


def test_there_are_examples():
    assert len(examples()) >= 5


@pytest.mark.parametrize("page, text", [pytest.param(*example, id=f"{name(example[0])}-{number}")
                                        for number, example in enumerate(examples())])
def test_examples_are_valid(stage, tmp_path, page, text):
    file = tmp_path / "example.yaml"
    file.write_text(text)
    # A secret that an example reads from a file beside it.
    for secret in re.findall(r"\bfile:(\w[\w.-]*)", text):
        (tmp_path / secret).write_text("secret\n")
    told = proxyctl(stage, "config", "validate", file)
    assert told.returncode == 0, f"{name(page)}:\n{told.stderr}"


@pytest.mark.parametrize("file", CONFIGS, ids=name)
def test_configurations_are_valid(stage, file):
    told = proxyctl(stage, "config", "validate", file)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    broken = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        # A link is relative to where the page is read, which for a symbolic link is its own place.
        other = (page.parent / path) if path else page
        if not other.exists() or (fragment and other.suffix == ".md" and fragment not in anchors(other)):
            broken.append(target)
    assert not broken, f"{name(page)}: {broken}"


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1]))
    assert listed == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def test_paths_the_readme_names_exist():
    words = re.findall(r"`((?:[\w.-]+/)+[\w.*-]+)`", (ROOT / "README.md").read_text())
    missing = [word for word in words if not word.startswith("build/") and not list(ROOT.glob(word))]
    assert words and not missing, missing


def leaves(stage, *words):
    """Every command of proxyctl, by its own help."""
    text = subprocess.run([stage / "bin/proxyctl", *words, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    below = re.findall(r"^  (\S+)", text.partition("\nSubcommands:\n")[2].partition("\n\n")[0], re.M)
    return [leaf for word in below for leaf in leaves(stage, *words, word)] if below else [words]


def test_every_command_is_documented(stage):
    man = [set(re.findall(r"[\w-]+", line)) for line in (ROOT / "packaging/man/proxyctl.1").read_text().splitlines() if line.startswith(".It")]
    table = [set(re.findall(r"[\w-]+", line)) for line in (ROOT / "docs/operations/cli.md").read_text().splitlines() if line.startswith("| `")]
    commands = leaves(stage)
    assert len(commands) > 40
    for where, lines in (("proxyctl(1)", man), ("cli.md", table)):
        missing = [" ".join(words) for words in commands if not any(set(words) <= line for line in lines)]
        assert not missing, f"not in {where}: {missing}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_completed(stage, shell):
    script = subprocess.run([stage / "bin/proxyctl", "completion", shell], capture_output=True, text=True, check=True, timeout=20).stdout
    words = set(re.findall(r"[\w-]+", script))
    assert not [" ".join(leaf) for leaf in leaves(stage) if not set(leaf) <= words]
