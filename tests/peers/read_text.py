"""Reads an exported CSV or JSON Lines file with Python's own readers and prints every row, told to the last bit.

    python read_text.py FILE.csv|FILE.jsonl

A JSON list a row: tag, microseconds of the time, kind and value (floats as hex of their bits), quality. A CSV tells no kinds: a
value there is its text, and, where it is a number with a point or an exponent, or one that a float holds, its bits.
"""

import csv
import datetime
import json
import struct
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def micros(text):
    elapsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return elapsed // datetime.timedelta(microseconds=1)


def bits(number):
    return struct.pack(">d", number).hex()


def told(value):
    # bool is an int to Python.
    if isinstance(value, float):
        return ["float", bits(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return ["integer", str(value)]
    return ["other", value]


def number(text):
    try:
        return bits(float(text))
    except ValueError:
        return None


path = sys.argv[1]
if path.endswith(".csv"):
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            value = row["value"]
            print(json.dumps([row["tag"], micros(row["time"]), [value, number(value)], row["quality"]]))
else:
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            print(json.dumps([row["tag"], micros(row["time"]), told(row["value"]), row["quality"]]))
