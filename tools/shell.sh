#!/usr/bin/env bash
# Opens the client of the configured database: sqlite3, psql or mariadb. Arguments are passed to it.
set -euo pipefail
cd "$(dirname "$0")/.."

# The environment overrides .env, as for the server.
setting() {
    local line
    if [ -n "${!1-}" ]; then printf '%s' "${!1}"; return; fi
    line=$(grep -E "^(export +)?$1=" .env 2>/dev/null | tail -n 1) || true
    line=${line#*=}
    line=${line#[\"\']}
    printf '%s' "${line%[\"\']}"
}
decode() { printf '%b' "${1//%/\\x}"; }

folder=$(setting TASKHUB_DATA_DIR)
url=$(setting DATABASE_URL)
file=$(setting DATABASE_URL_FILE)
[ -z "$file" ] || url=$(<"$file")
: "${url:=sqlite://${folder:-taskhub-data}/taskhub.db}"

case $url in
    sqlite:*)
        path=${url#sqlite:}
        path=${path#//}
        exec sqlite3 "${path%%\?*}" "$@" ;;
    postgres://* | postgresql://*)
        exec psql "$url" "$@" ;;
    mysql://* | mariadb://*)
        rest=${url#*://}
        login=${rest%@*} place=${rest##*@}
        [ "$login" != "$rest" ] || login=
        host=${place%%/*} name=${place#*/}
        user=${login%%:*} password=
        [ "$user" = "$login" ] || password=$(decode "${login#*:}")
        port=3306
        [ "${host%:*}" = "$host" ] || port=${host##*:}
        export MYSQL_PWD=$password
        exec mariadb --protocol=tcp --host="${host%:*}" --port="$port" --user="$(decode "$user")" "${name%%\?*}" "$@" ;;
    *)
        echo "DATABASE_URL names no database that this script knows." >&2
        exit 1 ;;
esac
