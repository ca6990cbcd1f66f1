"""Reads a bundle with Python's own zipfile and sqlite3, and prints what is in it as JSON.

    python read_bundle.py FILE
"""

import hashlib
import json
import os
import sqlite3
import sys
import tempfile
import zipfile

with zipfile.ZipFile(sys.argv[1]) as bundle, tempfile.TemporaryDirectory() as folder:
    assert bundle.testzip() is None
    manifest = json.loads(bundle.read("manifest.json"))
    for part in manifest["parts"]:
        data = bundle.read(part["name"])
        assert len(data) == part["bytes"]
        assert hashlib.sha256(data).hexdigest() == part["sha256"], part["name"]
    bundle.extractall(folder)

    def ask(file, query):
        with sqlite3.connect(f"file:{os.path.join(folder, file)}?mode=ro", uri=True) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return connection.execute(query).fetchone()

    print(
        json.dumps(
            {
                "names": bundle.namelist(),
                "made": bundle.getinfo("manifest.json").date_time[:3],
                "samples": ask("history.sqlite", "SELECT sum(count) FROM summary WHERE level = 0")[0],
                "entries": ask("journal.sqlite", "SELECT count(*) FROM entry")[0],
                "manifest": manifest,
            }
        )
    )
