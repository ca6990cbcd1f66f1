#!/usr/bin/env bash
# The long tests: a thousand kills of the program, as many of a recorder, and minutes of faults. Run by hand before a work
# is called done; write the last lines into docs/benchmarks.md.
#
#   bash tests/long.sh                        a thousand kills and ten minutes of faults
#   KILLS=100 MINUTES=2 bash tests/long.sh    shorter
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export KILLS=${KILLS:-1000} MINUTES=${MINUTES:-10}
cargo test --locked --test long -- --nocapture --test-threads=1
WATCHKEEPER_TEST_KILLS=$KILLS cargo test --locked --test history -- --nocapture crash::a_process_killed_at_random
printf 'long tests: passed, %s kills and %s minutes of faults, in %d s\n' "$KILLS" "$MINUTES" "$SECONDS"
