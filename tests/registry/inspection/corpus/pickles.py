"""Pickles that run: protocols, gadgets, disguises, and the containers that carry pickles."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import marshal
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.registry.inspection.corpus.sample import Sample, honest

# (module, function, argument from the command): gadgets that scanners missed or flag as suspicious only.
GADGETS: tuple[tuple[str, str, Callable[[str], tuple[Any, ...]]], ...] = (
    ("posix", "system", lambda command: (command,)),
    ("os", "popen", lambda command: (command,)),
    ("subprocess", "Popen", lambda command: (["/bin/sh", "-c", command],)),
    ("subprocess", "getoutput", lambda command: (command,)),
    ("builtins", "eval", lambda command: (f"__import__('os').system({command!r})",)),
    ("builtins", "exec", lambda command: (f"import os; os.system({command!r})",)),
    ("runpy", "_run_code", lambda command: (f"import os; os.system({command!r})", {})),
    ("timeit", "timeit", lambda command: (f"import os; os.system({command!r})", "pass", None, 1)),
    ("cProfile", "run", lambda command: (f"import os; os.system({command!r})",)),
    ("pdb", "run", lambda command: (f"import os; os.system({command!r})",)),
    ("bdb", "Bdb", lambda _command: ()),
    ("code", "interact", lambda _command: ()),
    ("pip", "main", lambda _command: (["download", "nothing"],)),
    ("pydoc", "pipepager", lambda command: ("text", command)),
    ("webbrowser", "open", lambda _command: ("file:///tmp",)),
    ("importlib", "import_module", lambda _command: ("antigravity",)),
    ("numpy.testing._private.utils", "runstring", lambda command: (f"import os; os.system({command!r})", {})),
    ("dill._dill", "_create_function", lambda _command: (None, None)),
    ("joblib", "load", lambda _command: ("second.pkl",)),
    ("torch.serialization", "load", lambda _command: ("second.pt",)),
    ("logging.config", "dictConfig", lambda _command: ({"version": 1},)),
    ("_osx_support", "_read_output", lambda command: (command,)),
    ("uuid", "_get_command_stdout", lambda command: ("sh", "-c", command)),
    ("asyncio.unix_events", "_UnixSubprocessTransport", lambda _command: ()),
)
DISGUISES = (".txt", ".json", ".onnx", ".ubj", ".npy", ".safetensors", ".skops", ".gguf", ".md", ".npz", ".bst", ".csv")


class _Call:
    """Unpickles as a call of a global, named without importing it."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.system, (self.command,)


def samples(marker: Path) -> Iterator[Sample]:
    command = f"touch {marker}"
    yield from _protocols(command)
    for index, (module, function, arguments) in enumerate(GADGETS):
        data = call(module, function, arguments(command))
        suffix = ".pkl" if index % 3 == 0 else DISGUISES[index % len(DISGUISES)]
        yield Sample(f"gadget {module}.{function}", f"model{suffix}", data)
    yield from _compressed(command)
    yield from _numpy(command)
    yield from _torch(command)
    code = marshal.dumps(compile(f"import os; os.system({command!r})", "x", "exec"))
    loads = b"cmarshal\nloads\n(B" + len(code).to_bytes(4, "little") + code + b"tR"
    body = b"ctypes\nFunctionType\n(" + loads + b"}tR)R."
    yield Sample("marshal and FunctionType", "model.skops", body)


def call(module: str, function: str, arguments: tuple[Any, ...], protocol: int = 4) -> bytes:
    """A pickle that calls any global, without having it here."""
    head = b"\x80" + bytes([protocol]) if protocol > 1 else b""
    return head + f"c{module}\n{function}\n".encode() + pickle.dumps(arguments, protocol=2)[2:-1] + b"R."


def _protocols(command: str) -> Iterator[Sample]:
    for protocol in range(6):
        data = pickle.dumps(_Call(command), protocol=protocol)
        yield Sample(f"protocol {protocol}", "model.pkl", data)
        yield Sample(f"protocol {protocol} disguised", f"model{DISGUISES[protocol]}", data)
    bare = pickle.dumps(_Call(command), protocol=2)[2:]
    for suffix in (".skops", ".txt", ".ubj", ".onnx"):
        yield Sample(f"no PROTO as {suffix}", f"model{suffix}", bare)
    text = pickle.dumps(_Call(command), protocol=0)
    for suffix in (".md", ".yaml", ".csv"):
        yield Sample(f"text pickle as {suffix}", f"notes{suffix}", text)
    yield Sample("pickle behind a byte order mark", "notes.md", b"\xef\xbb\xbf\x80\x04" + bare)
    yield Sample("dill name", "model.dill", bare)
    yield Sample("upper-case extension", "MODEL.PKL", bare)
    yield Sample("double extension", "model.skops.pkl", bare)


def _compressed(command: str) -> Iterator[Sample]:
    data = pickle.dumps(_Call(command), protocol=4)
    packers: dict[str, Callable[[bytes], bytes]] = {
        "zlib": zlib.compress,
        "gzip": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "lzma": lambda raw: lzma.compress(raw, format=lzma.FORMAT_ALONE),
    }
    for index, (name, pack) in enumerate(packers.items()):
        yield Sample(f"joblib {name}", "model.joblib", pack(data))
        yield Sample(f"joblib {name} disguised", f"model{DISGUISES[index + 2]}", pack(data))
    raw = pickle.dumps([1, 2], protocol=4)[:-1] + bytes(64) + pickle.dumps(_Call(command), protocol=4)
    yield Sample("joblib with the payload after a raw array", "model.npy", raw)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("data.pkl")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    yield Sample("tar", "model.tar", buffer.getvalue())
    yield Sample("tar disguised", "model.npz", buffer.getvalue())


def npy(descr: str, body: bytes, shape: str = "(1,)") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def _numpy(command: str) -> Iterator[Sample]:
    data = pickle.dumps(_Call(command), protocol=4)
    yield Sample("npy of objects", "model.npy", npy("'|O'", data))
    yield Sample("npy of objects, sized", "model.npy.npy", npy("'|O8'", data))
    yield Sample("npy with an object field", "model2.npy", npy("[('a', '<i4'), ('b', '|O')]", data))
    yield Sample("npy with a nested object field", "model3.npy", npy("[('a', [('b', 'O')])]", data))
    yield Sample("npy with a pickle behind it", "model4.npy", honest("table.npy") + data)
    yield Sample("npy that is a pickle", "model5.npy", data)
    yield Sample("npz with objects", "model.npz", pack({"arr_0.npy": npy("'|O'", data)}))
    yield Sample("npz with a pickle member", "model2.npz", pack({"a.npy": honest("table.npy"), "data.pkl": data}))
    yield Sample("npz with a pickle named npy", "model3.npz", pack({"a.npy": data}))
    yield Sample("npz with a member without extension", "model4.npz", pack({"data": data[2:]}))


def _torch(command: str) -> Iterator[Sample]:
    data = pickle.dumps(_Call(command), protocol=2)
    archive = pack({"archive/data.pkl": data, "archive/version": b"3\n", "archive/data/0": bytes(16)})
    for suffix in (".pt", ".pth", ".bin", ".ckpt", ".skops", ".npz", ".onnx", ".safetensors"):
        yield Sample(f"torch archive as {suffix}", f"model{suffix}", archive)
    parts: tuple[Any, ...] = (0x1950A86A20F9469CFC6C, 1001, {}, _Call(command))
    legacy = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    yield Sample("torch legacy", "model.pt2", legacy)
    yield Sample("torch legacy disguised", "model.ubj", legacy)
    yield Sample("model archive", "model.mar", pack({"handler.py": b"import os", "model.pt": archive}))


def pack(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()
