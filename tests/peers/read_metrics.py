"""Fetches a page of metrics with Python's own HTTP client, reads Prometheus' text format by its grammar, prints JSON."""

import json
import re
import sys
import urllib.error
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)\Z")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge)\Z")
HELP = re.compile(rf"# HELP ({NAME}) \S.*\Z")


def main():
    url = sys.argv[1]
    with urllib.request.urlopen(url, timeout=10) as answer:
        kind = answer.headers["Content-Type"]
        body = answer.read().decode("utf-8", errors="strict")
    assert body.endswith("\n"), "the last line has its end"
    types, samples, done, family = {}, {}, set(), None
    for line in body[:-1].split("\n"):
        if help_line := HELP.match(line):
            assert help_line[1] not in types, line
        elif type_line := TYPE.match(line):
            family = type_line[1]
            assert family not in types, line
            types[family] = type_line[2]
        else:
            sample = SAMPLE.match(line)
            assert sample, f"no sample: {line!r}"
            assert sample[1] == family, f"a line outside its family: {line!r}"
            assert line.rsplit(" ", 1)[0] not in samples, f"twice: {line!r}"
            samples[line.rsplit(" ", 1)[0]] = float(sample[3])
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in types.items()), types
    try:
        urllib.request.urlopen(url + "/elsewhere", timeout=10)
        raise AssertionError("another page")
    except urllib.error.HTTPError as refused:
        elsewhere = refused.code
    print(json.dumps({"kind": kind, "elsewhere": elsewhere, "samples": samples}))


main()
