#!/usr/bin/env python3
"""clang-tidy over the product's sources, one line of progress a file.

    packaging/tidy.py                  every product source
    packaging/tidy.py --since COMMIT   those that changed since COMMIT, or include something that did
    packaging/tidy.py FILE...          those
    packaging/tidy.py --deep …         with clang's static analyzer as well

A file that was clean is not looked at again until it, a header of ours that it includes, its compile command, .clang-tidy or
clang-tidy itself changes: build/lint/ keeps a stamp for each, so an interrupted run goes on where it was. The findings
of a file are in build/lint/FILE.log. LINT_JOBS sets how many run at once (a core each unless said). Needs a configured
build/release.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATE = ROOT / "build/lint"
TIDY = "clang-tidy-19"
# Tests and benchmarks show what the product does; the compiler's warnings and the sanitizers are what they are held to.
# The commands are GCC's: some of its warnings have no namesake in clang, and clang has some that the build switches off for it
# (cmake/Toolchain.cmake) or that concern the C++ library's own code.
QUIETED = ["--extra-arg=-Wno-" + name for name in ("unknown-warning-option", "unused-lambda-capture", "deprecated-declarations")]
NOT_PRODUCT = re.compile(r"_(test|fuzz)\.cpp$|^(tests|bench|fuzz)/|^platform/linux/rogue")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def product_sources():
    tracked = output_of("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.cpp").splitlines()
    return [path for path in tracked if not NOT_PRODUCT.search(path) and (ROOT / path).exists()]


def closure(path, seen):
    """The file and every header of ours below it; includes are written from the root of the repository."""
    if path in seen or not (ROOT / path).exists():
        return seen
    seen[path] = (ROOT / path).read_bytes()
    for header in INCLUDE.findall(seen[path].decode(errors="replace")):
        closure(header, seen)
    return seen


def compile_commands():
    entries = json.loads((ROOT / "build/release/compile_commands.json").read_text())
    return {os.path.relpath(entry["file"], ROOT): entry["command"] for entry in entries}


def fingerprint(path, command, common):
    digest = hashlib.sha256(common + command.encode())
    for name, content in sorted(closure(path, {}).items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def stamp_of(path):
    return STATE / (path + ".ok")


def is_clean(path, key):
    return stamp_of(path).exists() and stamp_of(path).read_text() == key


def tidy(path, key, deep):
    """Returns (path, seconds, findings or "")."""
    started = time.monotonic()
    command = [TIDY, "-p", "build/release", "--quiet", *QUIETED, path]
    if deep:
        command.append("--checks=clang-analyzer-*")
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    findings = "" if run.returncode == 0 else run.stdout + run.stderr
    stamp_of(path).parent.mkdir(parents=True, exist_ok=True)
    (STATE / (path + ".log")).write_text(findings)
    if run.returncode == 0:
        stamp_of(path).write_text(key)
    return path, time.monotonic() - started, findings


def chosen(arguments):
    if arguments.files:
        return [os.path.relpath(os.path.abspath(name), ROOT) for name in arguments.files]
    if not arguments.since:
        return product_sources()
    changed = set(output_of("git", "diff", "--name-only", arguments.since).splitlines())
    changed |= set(output_of("git", "ls-files", "--others", "--exclude-standard").splitlines())
    return [path for path in product_sources() if changed & closure(path, {}).keys()]


def headlines(findings):
    return [line for line in findings.splitlines() if re.search(r": (error|warning): ", line)]


def run_all(wanted, deep):
    """Runs clang-tidy over (path, key) pairs, says how it goes, and returns the paths with findings. A finding in a header is
    said once, not with each source that includes it."""
    failed = []
    said = set()
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("LINT_JOBS", os.cpu_count() or 1))) as pool:
        runs = [pool.submit(tidy, path, key, deep) for path, key in wanted]
        for number, run in enumerate(concurrent.futures.as_completed(runs), start=1):
            path, seconds, findings = run.result()
            print(f"[{number}/{len(wanted)}] {path} ({seconds:.0f} s){' FINDINGS' if findings else ''}", flush=True)
            if findings:
                failed.append(path)
                for line in headlines(findings) or findings.splitlines():
                    if line not in said:
                        print(line.replace(f"{ROOT}/", ""), flush=True)
                    said.add(line)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", metavar="COMMIT")
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    commands = compile_commands()
    common = output_of(TIDY, "--version").encode() + (ROOT / ".clang-tidy").read_bytes()
    common += b"deep" if arguments.deep else b""
    paths = chosen(arguments)
    unknown = [path for path in paths if path not in commands]
    keys = {path: fingerprint(path, commands[path], common) for path in paths if path in commands}
    wanted = [(path, key) for path, key in keys.items() if not is_clean(path, key)]
    print(f"clang-tidy: {len(paths)} sources, {len(keys) - len(wanted)} already clean", flush=True)
    failed = run_all(wanted, arguments.deep)
    for path in unknown:
        print(f"{path}: no room's CMakeLists.txt compiles it")
    for path in sorted(failed):
        print(f"{path}: see build/lint/{path}.log")
    return 1 if failed or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
