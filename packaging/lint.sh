#!/usr/bin/env bash
# clang-format and clang-tidy over the sources, shellcheck over the scripts. Exits non-zero on any finding.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.h' '*.cpp' | xargs clang-format-19 --dry-run -Werror
shellcheck packaging/*.sh .ci/run tests/run fuzz/run
cmake --preset release -DCMAKE_CXX_COMPILER_LAUNCHER= >/dev/null
git ls-files '*.cpp' | grep -vE '_(test|fuzz)\.cpp$|^(tests|bench|fuzz)/|platform/linux/rogue' |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/release --quiet
