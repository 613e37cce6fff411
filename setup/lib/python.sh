# shellcheck shell=bash
# Prints the path of a Python from 3.10 to 3.13, which Odoo 19 needs.

supported_python() {
    local name path
    for name in ${HOSPITALITY_PYTHON:-} python3 python3.11 python3.12 python3.13 python3.10 /usr/bin/python3; do
        path=$(command -v "$name" 2>/dev/null) || continue
        if "$path" -c 'import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            "$path" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    return 1
}

find_python() {
    supported_python && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "No Python 3.10 to 3.13 here: installing Debian's python3 and python3-venv with apt-get." >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            python3 python3-venv; } </dev/null >&2
        supported_python && return 0
    fi
    echo "Odoo 19 needs Python 3.10 to 3.13: install python3 (Debian, Ubuntu: apt install python3 python3-venv)" \
        "or name one in HOSPITALITY_PYTHON." >&2
    return 1
}
