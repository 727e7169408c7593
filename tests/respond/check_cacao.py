#!/usr/bin/env python3
"""Is a file a CACAO 2.0 playbook, as firn exports one?

    check_cacao.py FILE [SCHEMAS]

Of the specification (OASIS, CACAO Security Playbooks 2.0, Committee
Specification 01) what firn uses is checked here, and nothing else may be in the
file.  SCHEMAS is the folder "schemas" of a checkout of
github.com/oasis-open/cacao-json-schemas: with it, its playbook.json is asked
too.  It says draft 7 and uses words of later drafts, so it is read as draft 7.
"""

import base64
import json
import pathlib
import re
import sys
import urllib.parse

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-%s[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
TYPES = {"investigation", "mitigation", "notification"}
ACTIVITIES = {"analyze-collected-data", "deliver-content", "disconnect-system",
              "eliminate-risk", "execute-operation", "identify-steps",
              "restore-capabilities", "restrict-access", "scan-system"}
VARIABLE = r"__[a-z]+__"

problems = []


def want(truth, *what):
    if not truth:
        problems.append(" ".join(str(one) for one in what))


def is_id(kind, version, text):
    return re.fullmatch(kind + "--" + UUID % version, text or "") is not None


def keys(where, what, needed, allowed=()):
    want(set(needed) <= set(what), where, "lacks", set(needed) - set(what))
    extra = set(what) - set(needed) - set(allowed)
    want(not extra, where, "has", extra)


def command(where, one):
    keys(where, one, ["type", "playbook_activity"], ["command", "command_b64"])
    want(one["type"] in ("bash", "manual"), where, "is", one["type"])
    want(("command" in one) != ("command_b64" in one), where,
         "has both or none of its forms")
    text = one.get("command")
    if text is None:
        text = base64.b64decode(one["command_b64"], validate=True).decode()
    want(text.strip(), where, "is empty")
    return one["playbook_activity"], text


def action(where, step, agents):
    """Its activities, and what it says."""
    keys(where, step, ["type", "name", "commands", "agent"],
         ["timeout", "on_completion", "on_success", "on_failure"])
    want(step["agent"] in agents, where, "has an agent that isn't there")
    want([key for key in step if key.startswith("on_")] in
         (["on_completion"], ["on_success", "on_failure"]), where,
         "goes on in two ways, or in none")
    timeout = step.get("timeout", 1)
    want(isinstance(timeout, int) and timeout > 0, where, "has no time")
    want(step["commands"], where, "does nothing")
    kinds = {one["type"] for one in step["commands"]}
    want(kinds == {"manual"} if step["agent"].startswith("group--")
         else kinds == {"bash"}, where, "is for another agent")
    return [command(where, one) for one in step["commands"]]


def follow(workflow, start):
    """All that is reached; each but the end leads on to what is there."""
    reached, todo = set(), [start]
    while todo:
        at = todo.pop()
        want(at in workflow, at, "isn't there")
        if at in reached or at not in workflow:
            continue
        reached.add(at)
        todo += [workflow[at][key]
                 for key in ("on_completion", "on_success", "on_failure")
                 if key in workflow[at]]
    return reached


def check(playbook):
    keys("the playbook", playbook,
         ["type", "spec_version", "id", "name", "description",
          "playbook_types", "created_by", "created", "modified", "labels",
          "playbook_activities", "playbook_variables", "workflow_start",
          "workflow", "agent_definitions"])
    want(playbook["type"] == "playbook", "type")
    want(playbook["spec_version"] == "cacao-2.0", "spec_version")
    want(is_id("playbook", 5, playbook["id"]), "id")
    want(is_id("identity", 5, playbook["created_by"]), "created_by")
    for key in ("created", "modified"):
        want(re.fullmatch(TIME, playbook[key]), key)
    want(playbook["created"] <= playbook["modified"], "modified before made")
    want(playbook["playbook_types"] and
         set(playbook["playbook_types"]) <= TYPES, "playbook_types")

    want(playbook["labels"], "labels")

    agents, texts = playbook["agent_definitions"], []
    for name, agent in agents.items():
        want(is_id(agent["type"], 4, name), name)
        keys(name, agent, ["type", "name", "description"] +
             (["address"] if agent["type"] == "linux" else []))
        for kind, addresses in agent.get("address", {}).items():
            want(kind == "dname" and isinstance(addresses, list), name, kind)
            texts += addresses
    variables = playbook["playbook_variables"]
    for name, variable in variables.items():
        want(re.fullmatch(VARIABLE, name), name)
        keys(name, variable, ["type", "description", "external"])
        want(variable["type"] == "string" and variable["external"] is True,
             name)

    workflow, activities = playbook["workflow"], set()
    for name, step in workflow.items():
        want(is_id(step["type"], 4, name), name)
        if step["type"] == "action":
            for activity, text in action(name, step, agents):
                activities.add(activity)
                texts.append(text)
        elif step["type"] == "start":
            keys(name, step, ["type", "on_completion"])
        else:
            keys(name, step, ["type"])
            want(step["type"] == "end", name, "is", step["type"])
    want({"start", "action", "end"} <= {one["type"]
                                        for one in workflow.values()},
         "no start, no action or no end")
    want(activities <= ACTIVITIES, "activities", activities - ACTIVITIES)
    want(playbook["playbook_activities"] and
         activities == set(playbook["playbook_activities"]),
         "each activity that is listed is some step's, and there is one")
    used = set(re.findall("(%s):value" % VARIABLE, "\n".join(texts)))
    want(used <= set(variables), "not declared:", used - set(variables))
    uuids = [name.split("--", 1)[1]
             for name in [playbook["id"], playbook["created_by"],
                          *agents, *workflow]]
    want(len(set(uuids)) == len(uuids), "two objects with one UUID")
    want(is_id("start", 4, playbook["workflow_start"]), "workflow_start")
    want(follow(workflow, playbook["workflow_start"]) == set(workflow),
         "a step that nothing leads to")


def absolute(base, one):
    """A schema whose references hold wherever they are read from: jsonschema
    from 4.18 on takes relative ones for those of the file it entered last."""
    if isinstance(one, dict):
        return {key: urllib.parse.urljoin(base, value) if key == "$ref"
                else absolute(base, value)
                for key, value in one.items() if key != "$id"}
    if isinstance(one, list):
        return [absolute(base, value) for value in one]
    return one


def check_schemas(playbook, folder):
    import jsonschema
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    folder = pathlib.Path(folder).resolve()
    schemas = {path.as_uri():
               absolute(path.as_uri(),
                        json.loads(path.read_text(encoding="utf-8")))
               for path in folder.rglob("*.json")}

    def ask(name, what):
        root = (folder / name).as_uri()
        resolver = jsonschema.RefResolver(root, schemas[root], store=schemas)
        for error in jsonschema.Draft7Validator(
                schemas[root], resolver=resolver).iter_errors(what):
            want(False, name, list(error.absolute_path), error.message[:200])

    ask("playbook.json", playbook)
    # action.json asks of a command only what all of them have.
    for step in playbook["workflow"].values():
        for one in step.get("commands", []):
            ask("commands/" + one["type"] + ".json", one)


def main(path, schemas=None):
    with open(path, encoding="utf-8") as file:
        playbook = json.load(file)
    check(playbook)
    if schemas is not None:
        check_schemas(playbook, schemas)
    for problem in problems[:10]:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
