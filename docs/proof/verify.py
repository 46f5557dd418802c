#!/usr/bin/env python3
"""Verifies a bundle as docs/PROOF.md describes it: chains, proofs, signatures, completeness.

A second opinion, written from that page and not from the program, and short enough to be read before it is trusted.
It needs Python 3.9 or newer and the package `cryptography`. It ends at the first thing that is wrong, with the exit code
of that page. It does not compute states and deadlines again (the program's exit code 18).

    python3 verify.py BUNDLE [--key KEY] [--since CHECKPOINT]
"""
import argparse
import base64
import hashlib
import json
import operator
import re
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ENTRY = "case:id count:count head:text index:whole proof:text"
SHAPES = {
    "bundle": "format:text made_at:instant scope:any checkpoint:text map:text since:text? consistency:text key:text?",
    "organisation": "units:list",
    "definition": "workflow:text version:count hash:text text:text",
    "calendar_file": "calendar:text hash:text text:text",
    "calendar": "calendar:text revision:count since:instant version:text file:text closures:list",
    "unit": "unit:text complete:bool from:whole to:whole before:neighbour? after:neighbour?",
    "neighbour": "unit:text " + ENTRY,
    "left_out": ENTRY,
    "case": ENTRY,
    "event": "case:id seq:count position:whole body:text hash:text proof:text",
    "state": "case:id later:count state:any deadline:instant? raw_deadline:instant?",
    "end": "lines:whole sha256:text",
}
SHAPES = {kind: dict(field.split(":") for field in shape.split()) for kind, shape in SHAPES.items()}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TYPES = {
    "any": lambda value: True,
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "bool": lambda value: isinstance(value, bool),
    "whole": lambda value: type(value) is int and value >= 0,
    "count": lambda value: type(value) is int and 0 <= value < 1 << 32,
    "id": lambda value: isinstance(value, str) and str(uuid.UUID(value)) == value,
    "instant": lambda value: isinstance(value, str) and INSTANT.fullmatch(value),
    "neighbour": lambda value: has_shape(value, "neighbour"),
}


class Wrong(Exception):
    """What is wrong: its exit code, and a word on it."""


def require(holds, code, what):
    if not holds:
        raise Wrong(code, what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# ---- bytes ----

def has_shape(value, kind):
    """Whether an object has the fields of its kind and no other, each of its type."""
    fields = SHAPES[kind]
    return isinstance(value, dict) and set(value) - {"kind"} == set(fields) and all(
        type_.endswith("?") and value[name] is None or TYPES[type_.rstrip("?")](value[name])
        for name, type_ in fields.items())


def canonical(value):
    def ordered(value):
        if isinstance(value, dict):
            return {name: ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
        return [ordered(item) for item in value] if isinstance(value, list) else value
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def read_json(data, code):
    """The value of canonical bytes. Names that stand twice, fractions and the like are not canonical."""
    try:
        value = json.loads(data.decode(), parse_float=int, parse_constant=int)
        require(canonical(value) == data, code, "not canonical")
        return value
    except (ValueError, RecursionError):
        raise Wrong(code, "not JSON") from None


def read_hash(text, code):
    require(re.fullmatch("[0-9a-f]{64}", text), code, "not a hash: " + text)
    return bytes.fromhex(text)


def read_hashes(text, code):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Wrong(code, "not base64") from None
    require(len(data) % 32 == 0 and base64.b64encode(data).decode() == text, code, "not hashes")
    return [data[at:at + 32] for at in range(0, len(data), 32)]


# ---- the tree (RFC 9162, 2.1.3.2 and 2.1.4.2) ----

def climb(here, last, proof, start):
    """Climbs from a node to the root. Gives what is found with all of the proof, and with what lies left of it only."""
    left = whole = start
    for beside in proof:
        if last == 0:
            return None, None
        if here & 1 or here == last:
            left, whole = sha256(b"\1", beside, left), sha256(b"\1", beside, whole)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            whole = sha256(b"\1", whole, beside)
        here, last = here >> 1, last >> 1
    return (left, whole) if last == 0 else (None, None)


def includes(tree, index, entry, proof):
    return index < tree.size and climb(index, tree.size - 1, proof, sha256(b"\0", entry))[1] == tree.root


def consistent(old, new, proof):
    if old.size in (0, new.size):
        return not proof and old.root == (new.root if old.size == new.size else sha256())
    here, last = old.size - 1, new.size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    start, *proof = ([old.root] if here == 0 else []) + proof
    return climb(here, last, proof, start) == (old.root, new.root)


# ---- notes (C2SP signed-note and tlog-checkpoint) ----

class Key:
    def __init__(self, text):
        self.name, identifier, key = text.split("+", 2)
        data = base64.b64decode(key, validate=True)
        self.id = sha256(self.name.encode(), b"\n", data)[:4]
        if len(data) != 33 or data[0] != 1 or self.id.hex() != identifier:
            raise ValueError("not a verifier key for Ed25519")
        self.key = Ed25519PublicKey.from_public_bytes(data[1:])


class Note:
    """A checkpoint: origin, size, root, further lines; and who has signed it."""

    def __init__(self, note):
        text, _, signatures = note.rpartition("\n\n")
        self.text = (text + "\n").encode()
        self.origin, size, root, *self.more = text.split("\n")
        self.size, self.root, self.state = int(size), base64.b64decode(root, validate=True), size + " " + root
        if str(abs(self.size)) != size or len(self.root) != 32 or "" in self.more or not signatures.endswith("\n"):
            raise ValueError("not a signed checkpoint")
        self.signatures = []
        for line in signatures[:-1].split("\n"):
            dash, name, data = line.split(" ")
            data = base64.b64decode(data, validate=True)
            if dash != "\u2014" or not name or len(data) < 5:
                raise ValueError("not the line of a signature")
            self.signatures.append((name, data[:4], data[4:]))

    def is_signed(self, key):
        mine = [signature for name, id_, signature in self.signatures if (name, id_) == (key.name, key.id)]
        try:
            for signature in mine:
                key.key.verify(signature, self.text)
        except InvalidSignature:
            return False
        return bool(mine)


# ---- the verifier ----

class Verifier:
    def __init__(self, file, key=None, since=None):
        self.file, self.key, self.since = file, key, since
        self.number, self.hash, self.ahead = 0, hashlib.sha256(), None
        self.definitions, self.files, self.states = {}, set(), {}
        self.entry, self.events, self.whole, self.complete = b"", 0, True, set()

    def peek(self):
        """The next line."""
        if self.ahead is None:
            data = self.file.readline()
            self.number += 1
            require(data.endswith(b"\n"), 11, "the file is cut")
            line = read_json(data[:-1], 10)
            require(line["kind"] != "neighbour" and has_shape(line, line["kind"]), 10, "not as such a line should be")
            self.ahead = line
            if line["kind"] != "end":
                self.hash.update(data)
        return self.ahead

    def take(self, *kinds):
        """The next line, if it is of one of these kinds."""
        line = self.peek()
        if line["kind"] not in kinds:
            return None
        self.ahead = None
        return line

    def expect(self, *kinds):
        require(self.peek()["kind"] in kinds, 10, "out of order")

    def verify(self):
        try:
            self.bundle()
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Wrong(10, "unreadable") from None

    def bundle(self):
        self.expect("bundle")
        scope = self.head(self.take("bundle"))
        self.take("organisation")  # Only needed to compute deadlines again.
        self.rules()
        following = 0
        while unit := self.take("unit"):
            self.whole = self.whole and unit["complete"] and unit["from"] == following
            following = self.unit(unit)
        self.expect("end")
        end = self.take("end")
        require(end["lines"] == self.number - 1, 11, "another number of lines")
        require(end["sha256"] == self.hash.hexdigest(), 11, "another hash")
        self.whole = self.whole and following == self.map.size
        require(not self.whole or self.events == self.log.size, 17, "entries of the log have no timeline")
        require(set(scope.get("units") or []) <= self.complete, 17, "a unit is missing")
        require(scope.get("everything") is not True or self.whole, 17, "not everything is there")
        require(not self.file.readline(), 11, "something follows the end")

    def head(self, line):
        require(line["format"] == "parvaneh-bundle/1", 10, "another format")
        try:
            self.key = self.key or Key(line["key"])
        except (ValueError, AttributeError):
            raise Wrong(14, "no key") from None
        self.log, self.map = self.note(line["checkpoint"], ""), self.note(line["map"], "/cases")
        told = dict(more.split(" ", 1) for more in reversed(self.map.more) if " " in more)
        require(told.get("log") == self.log.state, 16, "the map is of another log")
        require(told.get("entries") == str(self.log.size), 17, "the map has another number of entries than the log")
        if self.since:
            old, new = self.since, self.log
            require(old.origin == new.origin, 14, "another log than that of --since")
            require(old.size <= new.size, 20, "older than --since")
            alone = old.size in (0, new.size)
            proof = [] if alone else read_hashes(line["consistency"], 21)
            require(alone or proof, 21, "no proof of consistency with --since")
            require(consistent(old, new, proof), 16, "not consistent with --since")
        return line["scope"] if isinstance(line["scope"], dict) else {}

    def note(self, text, behind):
        try:
            note = Note(text)
        except ValueError:
            raise Wrong(14, "not a signed checkpoint") from None
        require(note.is_signed(self.key), 14, "not signed by the key")
        require(note.origin == self.key.name + behind, 14, "of another origin: " + note.origin)
        return note

    def rules(self):
        """The definitions, and the states of calendars, by the hashes that events name."""
        while line := self.take("definition"):
            require(sha256(line["text"].encode()).hex() == line["hash"], 19, line["workflow"])
            self.definitions[line["workflow"], line["version"]] = line["hash"]
        while line := self.take("calendar_file"):
            require(sha256(line["text"].encode()).hex() == line["hash"], 19, line["calendar"])
            self.files.add((line["calendar"], line["hash"]))
        while line := self.take("calendar"):
            require((line["calendar"], line["file"]) in self.files, 19, line["file"])
            version = line["file"]
            if line["closures"]:
                closures = sorted(line["closures"], key=lambda closure: closure["no"])
                version = sha256(canonical({"file": line["file"], "closures": closures})).hex()
            require(version == line["version"], 19, line["calendar"])
            states = self.states.setdefault(line["calendar"], {})
            require(all(known < line["revision"] for known in states), 10, "out of order")
            states[line["revision"]] = version
        self.expect("unit", "end")

    def stands(self, unit, line, head):
        """The entry of a timeline, which stands in the map."""
        entry = unit.encode() + b"\0" + uuid.UUID(line["case"]).bytes + line["count"].to_bytes(4, "big") + head
        held = includes(self.map, line["index"], entry, read_hashes(line["proof"], 13))
        require(held, 13, "not in the map: " + line["case"])
        return entry

    def unit(self, unit):
        """A unit and its timelines. Gives the place in the map that follows."""
        name, first, follows, complete = unit["unit"], unit["from"], unit["to"], unit["complete"]
        require(first <= follows <= self.map.size and "\0" not in name, 17, "the place of unit " + name)
        for beside, index, there, sorts in ((unit["before"], first - 1, first > 0, operator.lt),
                                            (unit["after"], follows, follows < self.map.size, operator.gt)):
            require(not complete or bool(beside) == there, 17, "what stands beside unit " + name)
            if complete and there:
                sorts = sorts(beside["unit"].encode(), name.encode())
                require(beside["index"] == index and sorts, 17, "what stands beside unit " + name)
                self.stands(beside["unit"], beside, read_hash(beside["head"], 13))
        at = first
        while line := self.take("left_out", "case"):
            head, index = read_hash(line["head"], 10), line["index"]
            require(at <= index < follows, 10, "out of order")
            require(index == at or not complete, 17, f"the timeline at {at} of the map")
            at = index + 1
            entry = self.stands(name, line, head)
            require(self.entry < entry, 10, "out of order")
            self.entry, self.events = entry, self.events + line["count"]
            if line["kind"] == "case":
                self.case(name, line, head)
            else:
                require(any(head), 17, "a timeline that is lost: " + line["case"])
        self.expect("unit", "end")
        require(at == follows or not complete, 17, f"the timeline at {at} of the map")
        self.complete |= {name} if complete else set()
        return at

    def case(self, unit, case, head):
        seq, last, position = 0, bytes(32), -1
        names = {"workflow": None, "calendar": None}
        while line := self.take("event"):
            require(line["case"] == case["case"], 10, "an event of another case")
            found, body, seq = read_hash(line["hash"], 10), line["body"].encode(), seq + 1
            require(line["seq"] == seq, 15 if line["seq"] > seq else 10, f"event {seq} is not there")
            require(seq <= case["count"], 16, "more events than the map has")
            require(sha256(last, body) == found, 12, f"the chain breaks at event {seq}")
            require(position < line["position"] < self.log.size, 13, "the position in the log")
            last, position = found, line["position"]
            entry = uuid.UUID(line["case"]).bytes + seq.to_bytes(4, "big") + found
            require(includes(self.log, position, entry, read_hashes(line["proof"], 13)), 13, f"event {seq} is not in the log")
            self.event(unit, case, seq, read_json(body, 12), names)
        self.expect("state", "case", "left_out", "unit", "end")
        state = self.take("state")
        require(not state or state["case"] == case["case"], 10, "the state of another case")
        require(seq == case["count"], 15, "the timeline is short")
        require(last == head, 16, "the map has another head")
        require(state and (state["later"] or state["state"] is not None), 18, "no state")
        stored = [name for name in ("state", "deadline", "raw_deadline") if state[name] is not None]
        require(not state["later"] or not stored, 10, "a state of later")

    def event(self, unit, case, seq, event, names):
        """What an event says of itself, and the definitions and states of calendars that it names."""
        try:
            fact = event["fact"]
            kind = fact["type"]
            require(event["seq"] == seq, 12, "another event")
            if kind == "opened":
                require(uuid.UUID(fact["case"]) == uuid.UUID(case["case"]), 12, "another case")
                names.update(workflow=fact["workflow"], calendar=fact["calendar"])
                require(self.definitions.get((fact["workflow"], fact["version"])) == fact["definition"], 19, "definition")
            if kind == "migrated":
                to = fact["to"]
                require(self.definitions.get((names["workflow"], to["version"])) == to["definition"], 19, "definition")
            if kind in ("opened", "rescheduled"):
                state = self.states.get(names["calendar"], {}).get(fact.get("calendar_revision") or 0)
                require(state == fact["calendar_version"], 19, "calendar")
            require(kind != "opened" or fact["unit"] == unit, 17, "of another unit")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Wrong(12, "not an event") from None


def read_file(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bundle")
    parser.add_argument("--key", help="the verifier key of the installation, or a file that holds it")
    parser.add_argument("--since", help="a file with the checkpoint that you kept")
    given = parser.parse_args()
    try:
        key = given.key and Key(given.key if "+" in given.key else read_file(given.key).strip())
        since = given.since and Note(read_file(given.since))
        if since and key and not since.is_signed(key):
            raise ValueError("--since is not signed by the key")
        with open(given.bundle, "rb") as file:
            verifier = Verifier(file, key, since)
            verifier.verify()
    except Wrong as wrong:
        print(f"line {verifier.number}: {wrong.args[1]} (exit code {wrong.args[0]})")
        return wrong.args[0]
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{verifier.number} lines, nothing is wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
