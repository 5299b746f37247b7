#!/usr/bin/env bash
# Rebuilds, measures, and holds the result against the lock, the live gateways and the provenance. What action.yml runs, and any other CI can.
#   COUNTERSIGN_GATEWAY=https://gw.example.com action/check.sh
# Everything is given by the environment: COUNTERSIGN_ and the name of an input of action.yml, in capitals, with _ for -. Lists are one a line.
# What is not set, or not-given, is not asked for; what is set and empty is an error.
# COUNTERSIGN_CLI names another build of the command line than dist/cli/main.js here; COUNTERSIGN_SUMMARY a file for the report in Markdown.
set -euo pipefail

here=$(CDPATH='' cd -- "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cli=${COUNTERSIGN_CLI:-$here/../dist/cli/main.js}
summary=${COUNTERSIGN_SUMMARY:-${GITHUB_STEP_SUMMARY:-}}

fail() { echo "check: $*" >&2; exit 2; }

work=
result=usage
# shellcheck disable=SC2317,SC2329 # the trap calls it
finish() {
  if [[ -n $work ]]; then rm -rf "$work"; fi
  # However it ends: who reads the result and not the exit code finds one.
  if [[ -n ${GITHUB_OUTPUT:-} ]]; then echo "result=$result" >> "$GITHUB_OUTPUT"; fi
}
trap finish EXIT

# A secret or variable that is not there, as in a fork, comes as an empty text: what it asks for would be left out, and nobody would see it.
for name in POLICY LOCK BUILD MEASURE MEASURED REQUIRE GATEWAY APPROVAL REVOCATIONS PROVENANCE MEASUREMENTS TRUSTED_ROOT ISSUER IDENTITY \
  SARIF JUNIT FAIL_ON; do
  variable=COUNTERSIGN_$name
  value=${!variable-not-given}
  [[ $value == *[![:space:]]* ]] || fail "$name is given and empty: leave it out, or write not-given"
  case $name in
    MEASURE | MEASURED | GATEWAY)
      while IFS= read -r line; do
        [[ $line == *[![:space:]]* ]] || fail "a line of $name is empty: is a variable or secret in it not there?"
      done <<< "${value%$'\n'}"
      ;;
  esac
  if [[ $value == not-given ]]; then unset "$variable"; fi
done

fail_on=${COUNTERSIGN_FAIL_ON:-not-performed}
case $fail_on in not-performed | failed) ;; *) fail "fail-on is not-performed or failed" ;; esac
[[ -f $cli ]] || fail "$cli is not there: run npm ci --ignore-scripts and npm run build first"

# What judges. A build that could write it would pin itself.
judges=("${COUNTERSIGN_POLICY:-countersign.policy.json}" "${COUNTERSIGN_LOCK:-countersign.lock.json}")
judges+=("${COUNTERSIGN_APPROVAL:-${judges[1]}.sigstore.json}" "${COUNTERSIGN_REVOCATIONS:-}" "${COUNTERSIGN_TRUSTED_ROOT:-}")

# A report of an earlier run, or of whoever proposes the change, is none of this one, which may end before it writes its own.
for report in "${COUNTERSIGN_SARIF:-}" "${COUNTERSIGN_JUNIT:-}"; do
  [[ (-f $report || -L $report) && $report != /dev/* ]] || continue
  while IFS= read -r input; do
    [[ ! $report -ef $input ]] || fail "the report $report would overwrite $input"
  done < <(printf '%s\n' "${judges[@]}" "${COUNTERSIGN_PROVENANCE:-}" "${COUNTERSIGN_MEASUREMENTS:-}" "${COUNTERSIGN_MEASURED:-}")
  rm -f -- "$report"
done

work=$(mktemp -d)
mkdir "$work/bin"
printf '#!/usr/bin/env bash\nexec node %q "$@"\n' "$cli" > "$work/bin/countersign"
chmod 755 "$work/bin/countersign"
for i in "${!judges[@]}"; do
  if [[ -f ${judges[i]} ]]; then cp -- "${judges[i]}" "$work/judge-$i"; fi
done

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
  [[ -n $line ]] || continue
  measures=$((measures + 1))
  # With no input: a command that reads it would take the lines that follow, and nobody would measure those.
  PATH=$work/bin:$PATH bash -euo pipefail -c -- "$line" < /dev/null > "$work/measured-$measures.jsonl"
  give measured "$work/measured-$measures.jsonl"
done <<< "${COUNTERSIGN_MEASURE:-}"
give_lines measured "${COUNTERSIGN_MEASURED:-}"
for i in "${!judges[@]}"; do
  if [[ -f $work/judge-$i ]]; then
    cmp -s -- "$work/judge-$i" "${judges[i]}" || fail "${judges[i]} is not what it was before build and measure"
  elif [[ -e ${judges[i]} ]]; then
    fail "${judges[i]} was not there before build and measure"
  fi
done

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
if [[ $result == not-performed && $fail_on == failed ]]; then
  echo "check: something could not be checked, and fail-on says that it may pass" >&2
  exit 0
fi
exit "$exit_code"
