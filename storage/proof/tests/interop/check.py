"""Checks a folder that `logkeep-check --export` wrote, without a line of logkeep's code.

    python3 check.py FOLDER [TRUST]    TRUST is your own trust file or policy; else policy.txt of the folder

With the standard library and `cryptography` it makes each leaf from its record, follows the path to
the root, checks the signatures of log and witnesses, and asks for the policy's quorum. Where they are
installed (Python >= 3.12), `aics-tlog` and `pymerkle` do it a second time, each in its own way.
Exit status 0: all is right; 1: something is wrong; 2: wrong usage, or `cryptography` is missing.
"""

import base64
import hashlib
import json
import pathlib
import re
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("pip install cryptography")
    sys.exit(2)
try:
    import aics_tlog
except ImportError:
    aics_tlog = None
try:
    import pymerkle
except ImportError:
    pymerkle = None


class Wrong(Exception):
    """What is not right."""


def demand(holds, what):
    if not holds:
        raise Wrong(what)


def sha(data):
    return hashlib.sha256(data).digest()


def b64(text):
    return base64.b64decode(text, validate=True)


class Key:
    """A verifier key: name+id+base64(type || public key)."""

    def __init__(self, text):
        self.text = text
        self.name, key_id, rest = text.split("+", 2)
        self.id, typed = bytes.fromhex(key_id), b64(rest)
        self.kind, self.public = typed[0], typed[1:]
        demand(sha(self.name.encode() + b"\n" + typed)[:4] == self.id, f"key id of {self.name}")

    def signed(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Wrong(f"signature of {self.name}") from None


class Policy:
    """A C2SP tlog-policy, and the expectations that a trust file has in comments."""

    def __init__(self, text):
        self.logs, self.rules, self.expected, self.quorum = [], {}, {}, None
        for line in text.decode().splitlines():
            items = line.split()
            match items:
                case ["log", key, *_]:
                    self.logs.append(Key(key))
                case ["witness", name, key, *_]:
                    self.rules[name] = Key(key)
                case ["group", name, count, *members]:
                    least = {"any": 1, "all": len(members)}.get(count) or int(count)
                    self.rules[name] = (least, members)
                case ["quorum", name]:
                    self.quorum = name
                case ["#", "logkeep", "expect", origin, size]:
                    self.expected[origin] = int(size)
                case ["#", "logkeep", *_]:
                    raise Wrong(f"policy line {line!r}")
                case [first, *_] if not first.startswith("#"):
                    raise Wrong(f"policy line {line!r}")
        demand(self.quorum is not None, "a quorum line")

    def witnesses(self):
        return [rule for rule in self.rules.values() if isinstance(rule, Key)]

    def met(self, name, cosigned):
        rule = self.rules[name]
        if isinstance(rule, Key):
            return rule.text in cosigned
        least, members = rule
        return sum(self.met(member, cosigned) for member in members) >= least


class Checkpoint:
    """A signed note, believed when this is made."""

    def __init__(self, note, policy):
        text, lines = note.decode().split("\n\n")
        self.origin, size, root = text.split("\n")
        self.size, self.root, text = int(size), b64(root), (text + "\n").encode()
        logs = [key for key in policy.logs if key.name == self.origin]
        by_log, cosigned = set(), set()
        for line in lines.splitlines():
            dash, name, blob = line.split(" ")
            demand(dash == "\u2014", "signature line")
            key_id, signature = b64(blob)[:4], b64(blob)[4:]
            for key in logs + policy.witnesses():
                if (key.name, key.id) == (name, key_id) and key.kind == 1:
                    key.signed(signature, text)
                    by_log.add(key.text)
                elif (key.name, key.id) == (name, key_id):
                    time = int.from_bytes(signature[:8], "big")
                    key.signed(signature[8:], b"cosignature/v1\ntime %d\n" % time + text)
                    cosigned.add(key.text)
        demand(by_log, f"a signature of the log {self.origin}")
        demand(policy.quorum == "none" or policy.met(policy.quorum, cosigned), f"quorum {policy.quorum}")
        demand(self.size >= policy.expected.get(self.origin, 0), f"ROLLBACK: {self.size} records of {self.origin}")
        self.by_aics(note, logs, policy, cosigned)

    def by_aics(self, note, logs, policy, cosigned):
        if aics_tlog is None:
            return
        note, keys = aics_tlog.parse_note(note), [aics_tlog.parse_vkey(key.text) for key in policy.witnesses()]
        results = [
            aics_tlog.verify_checkpoint(note, aics_tlog.parse_vkey(key.text), keys, len(cosigned), expected_origin=self.origin)
            for key in logs
        ]
        demand(any(result.ok for result in results), f"aics-tlog: checkpoint of {self.origin}: {results}")


def root_of(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    here, last, found = index, size - 1, sha(b"\0" + leaf)
    for sibling in path:
        demand(last > 0, "a shorter path")
        if here & 1 or here == last:
            found = sha(b"\1" + sibling + found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = sha(b"\1" + found + sibling)
        here, last = here >> 1, last >> 1
    demand(last == 0, "a longer path")
    return found


def record(folder, name, note, checkpoint):
    """Checks one record with its leaf and proof, and gives the leaf."""
    proof = (folder / f"{name}.tlog-proof").read_bytes()
    head, rest = proof.split(b"\n\n", 1)
    demand(rest == note, f"{name}: the checkpoint of the others")
    title, extra, index, *path = head.decode().split("\n")
    demand(title == "c2sp.org/tlog-proof@v1" and extra.startswith("extra "), f"{name}: title and extra")
    extra, path = json.loads(b64(extra[6:])), [b64(line) for line in path]
    demand(index == f"index {name.split('-')[1]}", f"{name}: index")
    index, body = int(index[6:]), (folder / f"{name}.record").read_bytes()
    commitment = base64.b64encode(sha(b"log-archive/record/v1\n" + b64(extra["salt"]) + body)).decode()
    lines = ["log-archive/leaf/v1", index, extra["event"], extra["received"], len(body), commitment]
    leaf = "".join(f"{line}\n" for line in lines).encode()
    demand((folder / f"{name}.leaf").read_bytes() == leaf, f"{name}: the leaf made from the record")
    demand(root_of(leaf, index, checkpoint.size, path) == checkpoint.root, f"{name}: inclusion")
    if aics_tlog is not None:
        included = aics_tlog.verify_leaf_inclusion(leaf, index, checkpoint.size, path, checkpoint.root)
        demand(included, f"{name}: aics-tlog, inclusion")
    return index, leaf


def stream(folder, number, policy):
    """Checks a stream, and gives how many records were right."""
    note = (folder / f"{number}.checkpoint").read_bytes()
    checkpoint = Checkpoint(note, policy)
    names = [path.stem for path in folder.glob(f"{number}-*.record")]
    leaves = dict(record(folder, name, note, checkpoint) for name in names)
    if pymerkle is not None and len(leaves) == checkpoint.size:
        tree = pymerkle.InmemoryTree(algorithm="sha256")
        for _, leaf in sorted(leaves.items()):
            tree.append_entry(leaf)
        demand(tree.get_root(checkpoint.size) == checkpoint.root, "pymerkle: root of all records")
        print("pymerkle: the same root of all", checkpoint.size, "records")
    return len(leaves)


def main(folder, trust):
    policy = Policy(trust.read_bytes())
    numbers = sorted(int(path.stem) for path in folder.glob("*.checkpoint") if re.fullmatch(r"\d+", path.stem))
    right = sum(stream(folder, number, policy) for number in numbers)
    demand(right > 0, "at least one record")
    others = [name for name, found in (("aics-tlog", aics_tlog), ("pymerkle", pymerkle)) if found]
    print(right, "records right, by cryptography", *(f"and {name}" for name in others))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        sys.exit(2)
    given = pathlib.Path(sys.argv[1])
    try:
        main(given, pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else given / "policy.txt")
    except (Wrong, ValueError, KeyError, IndexError, OSError) as wrong:
        print("WRONG:", wrong)
        sys.exit(1)
