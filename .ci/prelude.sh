# Sourced by the steps of .ci: go to the root of the project, and make a scratch directory. At the end it
# is removed, and what still runs in the background is stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'stop; rm -rf "$scratch"' EXIT

# stop: end what runs in the background, and where that is a group of processes all of it.
stop() {
    local each
    for each in $(jobs -p); do
        kill -- "-$each" 2>/dev/null || kill "$each" 2>/dev/null || true
    done
}

# python_of VERSION: print the command of that version of Python, on the path or pyenv's; fail where there is none.
python_of() {
    local each
    for each in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python3; do
        ! "$each" -c 'import venv' 2>/dev/null || { printf '%s\n' "$each"; return; }
    done
    return 1
}

# new DIRECTORY: an environment that is empty. $python may name another Python.
new() {
    if command -v uv >/dev/null; then
        UV_PYTHON_DOWNLOADS=never uv venv --quiet --no-project --python "${python:-python3}" "$1"
    else
        "${python:-python3}" -m venv "$1"
    fi
}

# add DIRECTORY [OPTION OF PIP ...]: install in an environment; by uv where it is found, which takes a fifth of the CPU (3.6 s,
# not 17, for 80 packages). Python compiles what the tests import, which is a small part of what is installed.
add() {
    if command -v uv >/dev/null; then
        uv pip install --quiet --python "$1/bin/python" "${@:2}"
    else
        "$1/bin/pip" install --quiet --disable-pip-version-check --no-compile "${@:2}"
    fi
}

# install DIRECTORY [OPTION OF PIP ...]: a new environment with the project and what its tests need.
# $extra may name another extra of the project.
install() {
    new "$1"
    add "$1" -e ".[${extra:-dev}]" "${@:2}"
}

# versions_of PYTHON NAME ...: print those of these packages that are installed there, each with its version, in one line.
versions_of() {
    "$1" -c '
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(f"{name}=={version(name)}", end=" ")
    except PackageNotFoundError:
        pass
print()' "${@:2}"
}

# Set $venv to the environment in .venv, or to a scratch one where there is none.
environment() {
    venv=$PWD/.venv
    if [ ! -x "$venv/bin/python" ]; then
        venv=$scratch/venv
        install "$venv"
    fi
}

# install_packages PACKAGE ...: packages of Debian, by root. One at a time, whoever asks for some meanwhile.
install_packages() {
    (
        flock 9
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    ) 9>"${TMPDIR:-/tmp}/harvest-duck-packages.lock"
}
