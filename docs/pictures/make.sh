#!/usr/bin/env bash
# Makes the pictures of the README anew: the real program with its demo plant on a screen of 1440×900, in both themes,
# after the first things went wrong. Takes some minutes. Needs what tests/all.sh installs.
#
#   bash docs/pictures/make.sh [PROGRAM]      default: target/release/watchkeeper
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${1:-target/release/watchkeeper}
# The demo's story: a tank rises from 30 s, a pump trips at 60 s, a storm comes at 120 s, a PLC is gone at 210 s.
seconds=${SECONDS_OF_STORY:-232}
[ -x "$program" ] || { printf 'no program at %s; cargo build --release makes it\n' "$program" >&2; exit 1; }

started=()
home=$(mktemp -d)
cleanup() {
    [ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true
    rm -rf "$home"
}
trap cleanup EXIT

for theme in dark light; do
    mkdir -p "$home/$theme/run"
    Xvfb -displayfd 3 -screen 0 1440x900x24 -nolisten tcp 3>"$home/$theme/display" 2>/dev/null &
    started+=($!)
    until [ -s "$home/$theme/display" ]; do sleep 0.1; done
    display=:$(cat "$home/$theme/display")
    env -u WAYLAND_DISPLAY DISPLAY="$display" HOME="$home/$theme" XDG_RUNTIME_DIR="$home/$theme/run" \
        XDG_CONFIG_HOME="$home/$theme/.config" XDG_DATA_HOME="$home/$theme/.local/share" TZ=Europe/Amsterdam \
        LIBGL_ALWAYS_SOFTWARE=1 WATCHKEEPER_PLAYER=true "$program" --theme "$theme" --size 1440x900 >"$home/$theme/log" 2>&1 &
    started+=($!)
    printf '%s %s\n' "$theme" "$display" >>"$home/displays"
done

sleep 10
while read -r _ display; do
    window=$(DISPLAY=$display xdotool search --name 'Watchkeeper' | tail -1)
    DISPLAY=$display xdotool windowmove "$window" 0 0 windowsize "$window" 1440 900 windowfocus "$window" mousemove 1439 899
done <"$home/displays"
sleep "$seconds"
while read -r theme display; do
    DISPLAY=$display import -window root "$home/$theme.png"
    # 128 colours tell a screen of greys from the screen itself by no eye, at a third of the size.
    convert "$home/$theme.png" +dither -colors 128 -strip "PNG8:docs/pictures/window-$theme.png"
done <"$home/displays"
ls -l docs/pictures/*.png
