#!/usr/bin/env python3
"""Is a file a CycloneDX 1.5 document?

    check_cyclonedx.py SCHEMA FILE

Exit status 77 without python3-jsonschema.
"""

import json
import sys
import warnings

try:
    import jsonschema
except ImportError:
    sys.exit(77)

# Nothing of ours refers to the two schemas beside it: a licence by its SPDX id,
# and a signature.
NEVER = {"not": {}}
BASE = "http://cyclonedx.org/schema/"


def main(schema_path, path):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    warnings.simplefilter("ignore", DeprecationWarning)
    resolver = jsonschema.RefResolver(schema["$id"], schema, store={
        BASE + "spdx.SNAPSHOT.schema.json": NEVER,
        BASE + "jsf-0.82.SNAPSHOT.schema.json":
            {"definitions": {"signature": NEVER}},
    })
    validator = jsonschema.Draft7Validator(
        schema, resolver=resolver,
        format_checker=jsonschema.FormatChecker())
    errors = list(validator.iter_errors(document))
    for error in errors[:5]:
        print(list(error.absolute_path), error.message[:200])

    refs = [part["bom-ref"] for part in document["components"]]
    known = set(refs) | {"container"}
    if len(set(refs)) != len(refs):
        errors.append("a bom-ref is there twice")
    for one in document["dependencies"]:
        if not known.issuperset(one["dependsOn"] + [one["ref"]]):
            errors.append("a dependency leads nowhere")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
