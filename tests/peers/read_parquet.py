"""Reads a Parquet file with DuckDB and prints every row, told to the last bit.

    python read_parquet.py FILE

First line: names and types of the columns. Then a JSON list a row: times as microseconds, floats as hex of their bits.
"""

import json
import struct
import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
columns = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [sys.argv[1]]).fetchall()
types = {name: kind for name, kind, *_ in columns}
print(json.dumps(types))
wanted = [
    f'epoch_us("{name}")' if kind.startswith("TIMESTAMP") else f'"{name}"'
    for name, kind in types.items()
]


def told(value):
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    return value


connection.execute(f"SELECT {', '.join(wanted)} FROM read_parquet(?)", [sys.argv[1]])
while batch := connection.fetchmany(10_000):
    for row in batch:
        print(json.dumps([told(value) for value in row]))
