#!/usr/bin/env bash
# clang-format over the sources, shellcheck over the scripts, clang-tidy over the product. Exits non-zero on any finding.
#   packaging/lint.sh [COMMIT]     with COMMIT, clang-tidy looks at what changed since then only
# What was clean and has not changed is not looked at again (packaging/tidy.py), so a run can be stopped and goes on later.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
echo 'clang-format'
git ls-files '*.h' '*.cpp' | xargs clang-format-19 --dry-run -Werror || failed=1
echo 'shellcheck'
git ls-files -z | xargs -0 grep -lIE -m1 '^#!(/usr)?/bin/(env )?(ba)?sh' | grep -v '\.md$' | xargs shellcheck || failed=1
cmake --preset release >/dev/null
packaging/tidy.py ${1:+--since "$1"} || failed=1
exit "$failed"
