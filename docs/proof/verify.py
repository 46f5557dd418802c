#!/usr/bin/env python3
"""Verifies a bundle as docs/PROOF.md describes it: chains, proofs, signatures, completeness.

A second opinion, written from that page and not from the program. It needs Python 3.9 or newer and the
package `cryptography`. It does not compute states and deadlines again (exit code 18 of the program).

    python3 verify.py BUNDLE [--key KEY] [--since CHECKPOINT]
"""
import argparse
import base64
import hashlib
import json
import re
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NAMES = {
    10: "not-a-bundle unreadable-line not-canonical out-of-order",
    11: "cut-file wrong-length wrong-hash after-the-end",
    12: "broken-chain not-an-event other-event",
    13: "wrong-proof wrong-position wrong-map-proof",
    14: "wrong-signature no-key other-origin unreadable-note",
    15: "missing-event short-timeline",
    16: "not-consistent other-log map-contradicts-log",
    17: "missing-case wrong-range other-unit lost-timeline unaccounted-entries",
    18: "no-state",
    19: "wrong-rules missing-rules",
    20: "older-than-since",
    21: "no-consistency-proof",
}
EXITS = {name: code for code, names in NAMES.items() for name in names.split()}
TEXT, WHOLE, YES, MAP, LIST = str, int, bool, dict, list
NULL = type(None)


class INSTANT(str):
    """A text that is an instant."""


ENTRY = {"case": TEXT, "count": WHOLE, "head": TEXT, "index": WHOLE, "proof": TEXT}
FIELDS = {
    "bundle": {"format": TEXT, "made_at": INSTANT, "scope": object, "checkpoint": TEXT, "map": TEXT,
               "since": (TEXT, NULL), "consistency": TEXT, "key": (TEXT, NULL)},
    "organisation": {"units": LIST},
    "definition": {"workflow": TEXT, "version": WHOLE, "hash": TEXT, "text": TEXT},
    "calendar_file": {"calendar": TEXT, "hash": TEXT, "text": TEXT},
    "calendar": {"calendar": TEXT, "revision": WHOLE, "since": INSTANT, "version": TEXT, "file": TEXT, "closures": LIST},
    "unit": {"unit": TEXT, "complete": YES, "from": WHOLE, "to": WHOLE, "before": (MAP, NULL), "after": (MAP, NULL)},
    "left_out": ENTRY,
    "case": ENTRY,
    "event": {"case": TEXT, "seq": WHOLE, "position": WHOLE, "body": TEXT, "hash": TEXT, "proof": TEXT},
    "state": {"case": TEXT, "later": WHOLE, "state": object, "deadline": (INSTANT, NULL), "raw_deadline": (INSTANT, NULL)},
    "end": {"lines": WHOLE, "sha256": TEXT},
}
RANKS = {"organisation": 1, "definition": 2, "calendar_file": 3, "calendar": 4, "unit": 5}


class Wrong(Exception):
    """Something is wrong: a code, and what helps to find it."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def require(holds, code, detail=""):
    if not holds:
        raise Wrong(code, detail)


# ---- bytes ----

def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def no_fraction(text):
    raise ValueError(text)


def ordered(value):
    """The same with the names of objects in the order of their UTF-16."""
    if isinstance(value, dict):
        return {name: ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def canonical(value):
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def read_json(data):
    """The value, and whether its bytes are its canonical form."""
    value = json.loads(data.decode(), object_pairs_hook=unique, parse_float=no_fraction, parse_constant=no_fraction)
    return value, canonical(value) == data


def read_hex(text, code="unreadable-line"):
    require(len(text) == 64 and not set(text) - set("0123456789abcdef"), code, text)
    return bytes.fromhex(text)


def read_hashes(text, code):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Wrong(code, "base64") from None
    require(len(data) % 32 == 0 and base64.b64encode(data).decode() == text, code, "base64")
    return [data[at:at + 32] for at in range(0, len(data), 32)]


# ---- the tree (RFC 9162) ----

def node(left, right):
    return sha256(b"\1", left, right)


def includes(index, size, entry, proof, root):
    if index >= size:
        return False
    here, last, found = index, size - 1, sha256(b"\0", entry)
    for beside in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node(beside, found)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = node(found, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def consistent(old, old_root, new, new_root, proof):
    if old == new or old == 0:
        return old_root == (new_root if old == new else sha256()) and not proof
    if not proof:
        return False
    proof = ([old_root] if old & (old - 1) == 0 else []) + proof
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old_found = new_found = proof[0]
    for beside in proof[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old_found, new_found = node(beside, old_found), node(beside, new_found)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            new_found = node(new_found, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


# ---- notes ----

class Key:
    def __init__(self, text):
        self.text = text
        self.name, identifier, key = text.split("+", 2)
        data = base64.b64decode(key, validate=True)
        if len(data) != 33 or data[0] != 1:
            raise ValueError("not a key for Ed25519")
        self.id = sha256(self.name.encode(), b"\n", data)[:4]
        if self.id.hex() != identifier:
            raise ValueError("the identifier does not belong to the key")
        self.key = Ed25519PublicKey.from_public_bytes(data[1:])


class Checkpoint:
    def __init__(self, text):
        """Reads the text of a note, without its signatures."""
        lines = text.split("\n")
        if lines.pop() != "" or len(lines) < 3 or "" in lines:
            raise ValueError("not a checkpoint")
        self.origin, size, root, *self.more = lines
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        if str(self.size) != size or self.size < 0 or len(self.root) != 32:
            raise ValueError("not a checkpoint")
        self.state = size + " " + root


def read_note(note):
    """The checkpoint, its text, and the signatures as (name, identifier, signature)."""
    text, empty, lines = note.rpartition("\n\n")
    if not empty or not lines.endswith("\n"):
        raise ValueError("not a signed note")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, data = line.split(" ")
        data = base64.b64decode(data, validate=True)
        if dash != "\u2014" or not name or len(data) < 5:
            raise ValueError("not the line of a signature")
        signatures.append((name, data[:4], data[4:]))
    return Checkpoint(text + "\n"), (text + "\n").encode(), signatures


def is_signed(text, signatures, key):
    mine = [signature for name, id_, signature in signatures if (name, id_) == (key.name, key.id)]
    try:
        for signature in mine:
            key.key.verify(signature, text)
    except InvalidSignature:
        return False
    return bool(mine)


# ---- the verifier ----

def fits(line, fields):
    """Whether an object has these fields and no other, each of its type."""
    if not isinstance(line, dict) or set(line) != set(fields):
        return False
    for name, type_ in fields.items():
        value = line[name]
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
            value = INSTANT(value)
        if not isinstance(value, type_) or type_ is WHOLE and (isinstance(value, bool) or value < 0):
            return False
        if name in ("count", "seq", "later", "version", "revision") and type_ is WHOLE and value >= 1 << 32:
            return False
        if name == "case" and not is_uuid(value):
            return False
    return True


def is_uuid(text):
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


class Verifier:
    def __init__(self, key=None, since=None):
        self.key, self.since, self.problems = key, since, []
        self.count, self.hash, self.rank, self.dead, self.ended = 0, hashlib.sha256(), 0, False, False
        self.definitions, self.files, self.states = {}, set(), {}
        self.log = self.map = self.unit = self.case = self.entry = None
        self.covered, self.promised = (0, 0), {}

    def check(self, holds, code, detail=""):
        if not holds:
            self.problems.append((code, self.count, str(detail)))
        return holds

    def line(self, data):
        self.count += 1
        if not self.check(not self.ended, "after-the-end"):
            return
        if not data.endswith(b"\n"):
            self.ended = True
            self.check(False, "cut-file")
            return
        try:
            if self.read(data[:-1]) != "end":
                self.hash.update(data)
        except Wrong as wrong:
            self.check(False, *wrong.args)
            self.hash.update(data)
            self.dead = self.dead or not (self.log and self.map)  # Nothing to hold the others against.

    def read(self, data):
        kind, line, whole = None, {}, False
        try:
            line, whole = read_json(data)
            kind = line["kind"] if line["kind"] in FIELDS else None
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        if self.count == 1 and kind != "bundle":
            self.dead = True
            raise Wrong("not-a-bundle")
        if self.dead and kind != "end":
            return kind
        require(kind, "unreadable-line")
        self.check(whole, "not-canonical")
        fields = FIELDS[kind]
        require(fits(line, {"kind": TEXT, **fields}), "unreadable-line", kind)
        require(all(fits(line.get(side), {"unit": TEXT, **ENTRY}) for side in ("before", "after") if line.get(side)),
                "unreadable-line", kind)
        if kind in RANKS:
            if kind == "unit":
                self.end_unit()
            before, self.rank = self.rank, max(self.rank, RANKS[kind])
            require(before < RANKS[kind] or before == RANKS[kind] and kind != "organisation", "out-of-order")
        try:
            getattr(self, "on_" + kind)(line)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise Wrong("unreadable-line", error) from None
        return kind

    def on_bundle(self, line):
        require(self.count == 1, "out-of-order")
        if line["format"] != "parvaneh-bundle/1":
            self.dead = True
            raise Wrong("not-a-bundle", line["format"])
        scope = line["scope"] if isinstance(line["scope"], dict) else {}
        self.promised = {"everything": scope.get("everything") is True, "units": set(scope.get("units") or [])}
        try:
            self.key = self.key or Key(line["key"])
        except (ValueError, AttributeError):
            self.check(False, "no-key")
        self.log, self.map = self.note(line["checkpoint"], ""), self.note(line["map"], "/cases")
        self.dead = not (self.log and self.map)
        if self.dead:
            return
        told = dict(more.split(" ", 1) for more in reversed(self.map.more) if " " in more)
        self.check(told.get("log") == self.log.state, "other-log", told.get("log"))
        self.check(told.get("entries") == str(self.log.size), "unaccounted-entries", told.get("entries"))
        if self.since:
            old, new = self.since, self.log
            require(old.origin == new.origin, "other-origin", new.origin)
            require(old.size <= new.size, "older-than-since", new.size)
            alone = old.size in (0, new.size)
            proof = [] if alone else read_hashes(line["consistency"], "no-consistency-proof")
            require(alone or proof, "no-consistency-proof")
            self.check(consistent(old.size, old.root, new.size, new.root, proof), "not-consistent")

    def note(self, note, behind):
        try:
            checkpoint, text, signatures = read_note(note)
        except ValueError as error:
            self.check(False, "unreadable-note", error)
            return None
        if self.key:
            self.check(is_signed(text, signatures, self.key), "wrong-signature")
            self.check(checkpoint.origin == self.key.name + behind, "other-origin", checkpoint.origin)
        return checkpoint

    def on_organisation(self, line):
        pass  # Only needed to compute deadlines again.

    def on_definition(self, line):
        require(sha256(line["text"].encode()).hex() == line["hash"], "wrong-rules", line["workflow"])
        self.definitions[line["workflow"], line["version"]] = line["hash"]

    def on_calendar_file(self, line):
        require(sha256(line["text"].encode()).hex() == line["hash"], "wrong-rules", line["calendar"])
        self.files.add((line["calendar"], line["hash"]))

    def on_calendar(self, line):
        require((line["calendar"], line["file"]) in self.files, "missing-rules", line["file"])
        version = line["file"]
        if line["closures"]:
            closures = sorted(line["closures"], key=lambda closure: closure["no"])
            version = sha256(canonical({"file": line["file"], "closures": closures})).hex()
        require(version == line["version"], "wrong-rules", line["calendar"])
        states = self.states.setdefault(line["calendar"], {})
        require(all(known < line["revision"] for known in states), "out-of-order")
        states[line["revision"]] = version

    def stands(self, unit, line, index, head):
        """Whether an entry stands in the map."""
        count = line["count"].to_bytes(4, "big")
        entry = unit.encode() + b"\0" + uuid.UUID(line["case"]).bytes + count + head
        try:
            proof = read_hashes(line["proof"], "wrong-map-proof")
            self.check(includes(index, self.map.size, entry, proof, self.map.root), "wrong-map-proof", line["case"])
        except Wrong as wrong:
            self.check(False, *wrong.args)
        return entry

    def on_unit(self, line):
        name, begin, end = line["unit"], line["from"], line["to"]
        sound = self.check(begin <= end <= self.map.size and "\0" not in name, "wrong-range", name)
        if line["complete"]:
            self.promised["units"].discard(name)
        if line["complete"] and sound:
            before = (line["before"], begin - 1, begin > 0, lambda unit: unit < name.encode())
            after = (line["after"], end, end < self.map.size, lambda unit: unit > name.encode())
            for beside, index, must, sorts in (before, after):
                if beside and must and beside["index"] == index and sorts(beside["unit"].encode()):
                    self.stands(beside["unit"], beside, index, read_hex(beside["head"], "wrong-map-proof"))
                else:
                    self.check(not beside and not must, "wrong-range", name)
        if not (line["complete"] and self.covered and self.covered[0] == begin):
            self.covered = None
        self.unit = {"name": name, "complete": line["complete"], "next": begin, "to": min(end, self.map.size)}

    def end_unit(self):
        self.end_case(None)
        unit, self.unit = self.unit, None
        if unit and unit["complete"]:
            self.check(unit["next"] >= unit["to"], "missing-case", unit["name"])

    def map_entry(self, line):
        self.end_case(None)
        unit, index = self.unit, line["index"]
        require(unit, "out-of-order", line["case"])
        head = read_hex(line["head"])
        follows, unit["next"] = unit["next"], index + 1
        if self.check(follows <= index < unit["to"], "out-of-order", index) and unit["complete"]:
            self.check(index == follows, "missing-case", follows)
        entry = self.stands(unit["name"], line, index, head)
        self.check(self.entry is None or self.entry < entry, "out-of-order", line["case"])
        self.entry = entry
        known = self.covered and self.covered[0] == index
        self.covered = (index + 1, self.covered[1] + line["count"]) if known else None
        return head

    def on_left_out(self, line):
        self.check(self.map_entry(line) != bytes(32), "lost-timeline", line["case"])

    def on_case(self, line):
        head = self.map_entry(line)
        self.case = {"id": line["case"], "unit": self.unit["name"], "count": line["count"], "head": head,
                     "seq": 0, "last": bytes(32), "position": -1, "calendar": None, "workflow": None}

    def on_event(self, line):
        case, seq = self.case, line["seq"]
        require(case and case["id"] == line["case"], "out-of-order", line["case"])
        follows = seq == case["seq"] + 1
        if not follows:
            self.check(False, "missing-event" if seq > case["seq"] else "out-of-order", seq)
        self.check(seq <= case["count"], "map-contradicts-log", seq)
        found, body = read_hex(line["hash"]), line["body"].encode()
        self.check(not follows or sha256(case["last"], body) == found, "broken-chain", seq)
        self.check(case["position"] < line["position"] < self.log.size, "wrong-position", line["position"])
        case["position"], case["seq"], case["last"] = line["position"], seq, found
        entry = uuid.UUID(case["id"]).bytes + seq.to_bytes(4, "big") + found
        try:
            proof = read_hashes(line["proof"], "wrong-proof")
            self.check(includes(line["position"], self.log.size, entry, proof, self.log.root), "wrong-proof", seq)
        except Wrong as wrong:
            self.check(False, *wrong.args)
        try:
            event, whole = read_json(body)
            fact, kind, said = event["fact"], event["fact"]["type"], event["seq"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Wrong("not-an-event", seq) from None
        require(whole, "not-an-event", seq)
        opens = kind != "opened" or uuid.UUID(fact["case"]) == uuid.UUID(case["id"])
        require(said == seq and opens, "other-event", said)
        self.named(case, kind, fact)
        if kind == "opened":
            self.check(fact["unit"] == case["unit"], "other-unit", fact["unit"])

    def named(self, case, kind, fact):
        """The definitions and states of calendars that an event names."""
        if kind == "opened":
            case["workflow"], case["calendar"] = fact["workflow"], fact["calendar"]
            self.has(self.definitions.get((fact["workflow"], fact["version"])), fact["definition"])
        if kind == "migrated":
            to = fact["to"]
            self.has(self.definitions.get((case["workflow"], to["version"])), to["definition"])
        if kind in ("opened", "rescheduled"):
            states = self.states.get(case["calendar"], {})
            self.has(states.get(fact.get("calendar_revision") or 0), fact["calendar_version"])

    def has(self, known, named):
        self.check(known == named, "wrong-rules" if known else "missing-rules", named)

    def on_state(self, line):
        require(self.case and self.case["id"] == line["case"], "out-of-order", line["case"])
        self.end_case(line)
        stored = [line[name] for name in ("state", "deadline", "raw_deadline") if line[name] is not None]
        require(not line["later"] or not stored, "unreadable-line", "later")

    def end_case(self, state):
        case, self.case = self.case, None
        if not case:
            return
        if self.check(case["seq"] >= case["count"], "short-timeline", case["id"]):
            self.check(case["last"] == case["head"], "map-contradicts-log", case["id"])
        self.check(state and (state["later"] or state["state"] is not None), "no-state", case["id"])

    def on_end(self, line):
        self.ended = True
        self.end_unit()
        self.check(line["lines"] == self.count - 1, "wrong-length", line["lines"])
        self.check(line["sha256"] == self.hash.hexdigest(), "wrong-hash", line["sha256"])
        if self.dead:
            return
        whole = bool(self.covered) and self.covered[0] == self.map.size
        self.check(not whole or self.covered[1] == self.log.size, "unaccounted-entries", self.covered)
        missing = sorted(self.promised["units"]) + ["everything"] * (self.promised["everything"] and not whole)
        self.check(not missing, "missing-case", missing[:1])

    def finish(self):
        self.check(self.ended, "cut-file")
        return self.problems


def argument(text):
    """What is given itself, or in a file."""
    if "+" in text:
        return text
    with open(text, encoding="utf-8") as file:
        return file.read().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bundle")
    parser.add_argument("--key", help="the verifier key of the installation, or a file that holds it")
    parser.add_argument("--since", help="a file with the checkpoint that you kept")
    given = parser.parse_args()
    try:
        key = Key(argument(given.key)) if given.key else None
        since = None
        if given.since:
            with open(given.since, encoding="utf-8") as file:
                since, text, signatures = read_note(file.read())
            if key and not is_signed(text, signatures, key):
                raise ValueError("--since is not signed by the key")
        verifier = Verifier(key, since)
        with open(given.bundle, "rb") as file:
            for data in file:
                verifier.line(data)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    problems = verifier.finish()
    for code, line, detail in problems[:20]:
        print(f"error[{code}]: line {line} {detail}")
    print(f"{verifier.count} lines, {len(problems)} problems")
    return EXITS[problems[0][0]] if problems else 0


if __name__ == "__main__":
    sys.exit(main())
