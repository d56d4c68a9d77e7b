# For the tests beside this file: `source` it, expect things, and end with `exit $failed`.
set -uo pipefail
project=$1 compiler=$2
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

expect() { # expect CODE TEXT COMMAND...: COMMAND must end with CODE and print TEXT somewhere
    local output code
    output=$("${@:3}" 2>&1)
    code=$?
    if ((code != $1)) || [[ $output != *"$2"* ]]; then
        printf 'FAILED: %s\nexpected code %s and: %s\ngot code %s and: %s\n\n' "${*:3}" "$1" "$2" "$code" "$output"
        failed=1
    fi
}
