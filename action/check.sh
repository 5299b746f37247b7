#!/usr/bin/env bash
# Rebuilds, measures, and holds the result against the lock, the live gateways and the provenance. What action.yml runs, and any other CI can.
#   COUNTERSIGN_GATEWAY=https://gw.example.com action/check.sh
# Everything is given by the environment: COUNTERSIGN_ and the name of an input of action.yml, in capitals, with _ for -. Lists are one a line.
# COUNTERSIGN_CLI names another build of the command line than dist/cli/main.js here; COUNTERSIGN_SUMMARY a file for the report in Markdown.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cli=${COUNTERSIGN_CLI:-$here/../dist/cli/main.js}
fail_on=${COUNTERSIGN_FAIL_ON:-not-performed}
summary=${COUNTERSIGN_SUMMARY:-${GITHUB_STEP_SUMMARY:-}}

fail() { echo "check: $*" >&2; exit 2; }
case $fail_on in not-performed | failed) ;; *) fail "fail-on is not-performed or failed" ;; esac
[[ -f $cli ]] || fail "$cli is not there: run npm ci --ignore-scripts and npm run build first"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
printf '#!/bin/sh\nexec node %q "$@"\n' "$cli" > "$work/bin/countersign"
chmod 755 "$work/bin/countersign"

args=()
# In one word with its name, so that no value is taken for an option.
give() { if [[ -n $2 ]]; then args+=("--$1=$2"); fi; }
give_lines() {
  local line
  while IFS= read -r line; do give "$1" "$line"; done <<< "$2"
}

if [[ -n ${COUNTERSIGN_BUILD:-} ]]; then
  # Of a build that nobody measures nothing would be compared.
  [[ ${COUNTERSIGN_MEASURE:-}${COUNTERSIGN_MEASURED:-} == *[![:space:]]* ]] || fail "build goes with measure or measured"
  bash -euo pipefail -c -- "$COUNTERSIGN_BUILD" < /dev/null
fi
measures=0
while IFS= read -r line; do
  [[ -n ${line//[[:space:]]/} ]] || continue
  measures=$((measures + 1))
  # With no input: a command that reads it would take the lines that follow, and nobody would measure those.
  PATH=$work/bin:$PATH bash -euo pipefail -c -- "$line" < /dev/null > "$work/measured-$measures.jsonl"
  give measured "$work/measured-$measures.jsonl"
done <<< "${COUNTERSIGN_MEASURE:-}"
give_lines measured "${COUNTERSIGN_MEASURED:-}"

require=${COUNTERSIGN_REQUIRE:-}
# Whoever rebuilds wants to know which active row nobody can rebuild.
if [[ -z $require && ${#args[@]} -gt 0 ]]; then require=active; fi
give require "$require"
give policy "${COUNTERSIGN_POLICY:-}"
give lock "${COUNTERSIGN_LOCK:-}"
give_lines gateway "${COUNTERSIGN_GATEWAY:-}"
give approval "${COUNTERSIGN_APPROVAL:-}"
give revocations "${COUNTERSIGN_REVOCATIONS:-}"
give provenance "${COUNTERSIGN_PROVENANCE:-}"
give measurements "${COUNTERSIGN_MEASUREMENTS:-}"
give trusted-root "${COUNTERSIGN_TRUSTED_ROOT:-}"
give issuer "${COUNTERSIGN_ISSUER:-}"
give identity "${COUNTERSIGN_IDENTITY:-}"
give sarif "${COUNTERSIGN_SARIF:-}"
give junit "${COUNTERSIGN_JUNIT:-}"
give summary "$summary"

# A gateway writes some of what is shown, and the runner of GitHub obeys commands that it finds in a line: none counts until the token.
token=$(head -c 16 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
if [[ ${GITHUB_ACTIONS:-} == true ]]; then echo "::stop-commands::$token"; fi
exit_code=0
node "$cli" ci "${args[@]}" || exit_code=$?
if [[ ${GITHUB_ACTIONS:-} == true ]]; then echo "::$token::"; fi

case $exit_code in
  0) result=verified ;;
  1) result=not-verified ;;
  3) result=not-performed ;;
  *) result=usage ;;
esac
if [[ -n ${GITHUB_OUTPUT:-} ]]; then echo "result=$result" >> "$GITHUB_OUTPUT"; fi
if [[ $result == not-performed && $fail_on == failed ]]; then
  echo "check: something could not be checked, and fail-on says that it may pass" >&2
  exit 0
fi
exit "$exit_code"
