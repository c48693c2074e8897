# Every patch validates against the schema, and what an editor must refuse is refused.
# SPDX-License-Identifier: MIT
"""usage: schema_test.py SCHEMA PATCHES... ; needs Debian's python3-jsonschema and python3-yaml."""
import json
import pathlib
import sys

import jsonschema
import yaml

REFUSED = "# An editor sees this too."  # stands in the broken patches whose fault a schema can see


def faults(validator, path):
    """What an editor would underline."""
    try:
        patch = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [str(error)]
    return [error.message for error in validator.iter_errors(patch)]


def main():
    schema_path, *folders = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    good = bad = wrong = 0
    for path in sorted(path for folder in folders for path in folder.rglob("*.yaml")):
        of_tests = path.parent.name == "patches" and path.parent.parent.name == "tests"
        broken = of_tests and path.name not in ("whole.yaml", "train-short.yaml")
        found = faults(validator, path)
        if not broken:
            good += 1
            if found:
                wrong += 1
                print(f"{path}: {found[0]}")
        elif REFUSED in path.read_bytes().decode("utf-8", "replace"):
            bad += 1
            if not found:
                wrong += 1
                print(f"{path}: the schema sees no fault")
    print(f"{good} patches validate, {bad} broken ones do not, {wrong} went wrong")
    sys.exit(wrong > 0 or good < 2 or bad < 15)


main()
