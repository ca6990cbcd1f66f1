"""Holds TOML texts against a JSON Schema: reads [{"name", "text", "valid"}] from standard input, and prints what is
otherwise than said, for each draft that editors of TOML know."""
import json
import sys
import tomllib

from jsonschema import Draft7Validator, Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
cases = json.load(sys.stdin)
for draft in (Draft7Validator, Draft202012Validator):
    draft.check_schema(schema)
    validator = draft(schema)
    for case in cases:
        errors = list(validator.iter_errors(tomllib.loads(case["text"].removeprefix("\ufeff"))))
        if bool(errors) == case["valid"]:
            told = "; ".join(f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors[:3])
            print(f"{draft.__name__}: {case['name']}: {told or 'nothing is wrong with it'}")
