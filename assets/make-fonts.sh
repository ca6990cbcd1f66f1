#!/bin/bash
# Makes the two faces of this folder from Debian's fonts-inter. See README.md; run only to change what they contain.
set -euo pipefail
cd "$(dirname "$0")"
source=${1:-/usr/share/fonts/opentype/inter}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet fonttools==4.68.0 opentype-feature-freezer==1.32.2

# Latin with Latin-1, Extended-A and -B's first letters, modifier letters, Greek, general punctuation (thin spaces among it),
# super- and subscripts, currency, letterlike signs, arrows, mathematics, keys, shapes, ticks and crosses.
ranges="U+0020-007E,U+00A0-017F,U+0192,U+0218-021B,U+02C6-02DD,U+0370-03FF,U+1E9E,U+2000-206F,U+2070-209F,U+20AC,U+2103,U+2109,U+2116,U+2122,U+2126,U+2150-215E,U+2190-21FF,U+2200-22FF,U+2318,U+2325,U+23CE,U+25A0-25FF,U+2605,U+26A0,U+2713,U+2717"

for face in Regular SemiBold; do
    # Digits of one width, and a small l with a tail, so that plc1 is never read as plcl.
    "$work/venv/bin/pyftfeatfreeze" -f tnum,cv05 "$source/Inter-$face.otf" "$work/$face.otf"
    # Contextual forms are left out: they turn "->" and "x" between digits into other signs, and a value is shown as it is.
    "$work/venv/bin/pyftsubset" "$work/$face.otf" --unicodes="$ranges" --layout-features=kern,ccmp,mark,mkmk \
        --no-hinting --desubroutinize --name-IDs=0,1,2,3,4,5,6,13,14 --output-file="$work/$face.subset.otf"
    "$work/venv/bin/python" - "$work/$face.subset.otf" "sans-$(echo "$face" | tr A-Z a-z).otf" "$face" <<'PYTHON'
import sys
from fontTools.ttLib import TTFont
source, target, face = sys.argv[1:]
font = TTFont(source)
# A changed font does not go under the name of the original, which is a trademark.
for record in list(font["name"].names):
    text = {1: "Watchkeeper Sans", 2: face, 3: f"Watchkeeper Sans {face} 1", 4: f"Watchkeeper Sans {face}", 6: f"WatchkeeperSans-{face}"}.get(record.nameID)
    if text:
        record.string = text
cff = font["CFF "].cff
cff.fontNames = [f"WatchkeeperSans-{face}"]
top = cff.topDictIndex[0]
top.FullName, top.FamilyName = f"Watchkeeper Sans {face}", "Watchkeeper Sans"
# One digit of the semibold face is three units narrower than the others.
cmap, widths = font.getBestCmap(), font["hmtx"]
for digit in "123456789":
    widths[cmap[ord(digit)]] = (widths[cmap[ord("0")]][0], widths[cmap[ord(digit)]][1])
font["head"].modified = font["head"].created  # the same bytes each time
font.recalcTimestamp = False
font.save(target)
PYTHON
done
ls -l sans-*.otf
