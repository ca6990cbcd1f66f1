#!/usr/bin/env bash
# The long tests: a thousand kills of the program, as many of a recorder, minutes of faults twice over, a hundred
# restarts of a broker, a thousand power cuts and
# a few hundred flipped bits. Run by hand, as root, before a work is called done; write the last lines into docs/benchmarks.md.
#
#   bash tests/long.sh                                            all of it
#   KILLS=100 MINUTES=2 RESTARTS=10 CUTS=100 FLIPS=30 bash tests/long.sh      shorter
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export KILLS=${KILLS:-1000} MINUTES=${MINUTES:-10} RESTARTS=${RESTARTS:-100} CUTS=${CUTS:-1000} FLIPS=${FLIPS:-300}
cargo test --locked --test long -- --nocapture --test-threads=1
WATCHKEEPER_TEST_KILLS=$KILLS cargo test --locked --test history -- --nocapture crash::a_process_killed_at_random
WATCHKEEPER_TEST_FLIPS=$FLIPS cargo test --locked --test history -- --nocapture damage::one_flipped_bit
WATCHKEEPER_TEST_CUTS=$CUTS cargo test --locked --test faults -- --nocapture power::a_power_cut
printf 'long tests: passed, %s kills, %s minutes of faults, %s restarts of a broker, %s power cuts and %s flipped bits, in %d s\n' \
    "$KILLS" "$MINUTES" "$RESTARTS" "$CUTS" "$FLIPS" "$SECONDS"
