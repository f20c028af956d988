"""What kind of file is this? A published network, Google's Magika, as ONNX. Nothing is trained here."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime

from registry.seeding.card import fill_card
from registry.seeding.inputs.file_bytes import tokens
from registry.seeding.packaged import Package, every_file
from registry.seeding.product import Example, Product
from registry.seeding.tensors import answer, request

MAGIKA = Package("magika")
APACHE_LICENSED = Package("fake-useragent")
FOLDER = "magika/models/standard_v3_3"
SUFFIXES = {
    ".bz2": "bzip",
    ".c": "c",
    ".cpp": "cpp",
    ".csv": "csv",
    ".f90": "fortran",
    ".gz": "gzip",
    ".jpg": "jpeg",
    ".json": "json",
    ".md": "markdown",
    ".npy": "npy",
    ".npz": "npz",
    ".onnx": "onnx",
    ".pkl": "pickle",
    ".png": "png",
    ".py": "python",
    ".rst": "rst",
    ".so": "elf",
    ".wav": "wav",
    ".xz": "xz",
}
MOST_OF_A_KIND = 40
SMALLEST = 8  # bytes; Magika itself does not ask the network about smaller files

DRAWING = b"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="120" height="120" viewBox="0 0 120 120">
  <title>Three overlapping circles</title>
  <circle cx="45" cy="50" r="30" fill="#36c" fill-opacity="0.7"/>
  <circle cx="75" cy="50" r="30" fill="#d73333" fill-opacity="0.7"/>
  <circle cx="60" cy="75" r="30" fill="#14866d" fill-opacity="0.7"/>
</svg>
"""
SCRIPT = b"""#!/bin/sh
# Renamed to holiday.jpg, this would still be a shell script.
set -eu
for name in "$@"; do
    if [ -f "$name" ]; then
        cp -- "$name" "/tmp/$(basename "$name")"
    fi
done
echo "copied $# files"
"""
TABLE = b"""title,language,created,views
Berlin,de,2001-05-12,51230
Nairobi,sw,2005-03-01,1874
Kyiv,uk,2004-02-11,20911
Lima,es,2002-09-30,14402
"""
EXAMPLES = (("An SVG drawing", [DRAWING]), ("A shell script", [SCRIPT]), ("A table and a drawing", [TABLE, DRAWING]))


def build() -> Product:
    """Take the network as published; measure it on the files that the training environment's packages brought."""
    network = MAGIKA.path(f"{FOLDER}/model.onnx").read_bytes()
    labels = MAGIKA.read_json(f"{FOLDER}/config.min.json")["target_labels_space"]
    session = _session(network)
    files = _labelled_files()
    return Product(
        owner="amina",
        owner_kind="volunteer",
        name="upload-content-type",
        title="Upload content type",
        summary="Tells what kind of file an upload is from its first and last bytes, whatever its name says.",
        task="file-type-identification",
        licence="Apache-2.0",
        model_format="onnx",
        files={"model.onnx": network, "labels.txt": ("\n".join(labels) + "\n").encode(), "LICENSE": _terms()},
        card=fill_card(
            __file__,
            version=MAGIKA.version,
            network=FOLDER.rpartition("/")[2],
            classes=len(labels),
            tested=sum(map(len, files.values())),
            kinds=len(files),
            **_measure(session, labels, files),
        ),
        examples=[_example(session, title, contents) for title, contents in EXAMPLES],
    )


def _terms() -> bytes:
    """The Apache License's terms, which must go along. Magika's package names the licence but leaves its text out."""
    terms, end, _other_owner = APACHE_LICENSED.licence_text.partition(b"END OF TERMS AND CONDITIONS")
    return terms + end + b"\n"


def _session(network: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def _scores(session: onnxruntime.InferenceSession, contents: list[bytes]) -> np.ndarray:
    """Probabilities [n, classes] for the contents of n files."""
    batch = np.array([tokens(content) for content in contents], dtype=np.int32)
    scores: np.ndarray = session.run(["target_label"], {"bytes": batch})[0]
    return scores


def _labelled_files() -> dict[str, list[Path]]:
    """Files by the kind that their suffix promises, evenly chosen where there are many."""
    found = defaultdict(list)
    for path, location in every_file():
        kind = SUFFIXES.get(Path(path).suffix)
        if kind and location.is_file() and location.stat().st_size >= SMALLEST:
            found[kind].append(location)
    return {kind: paths[:: -(-len(paths) // MOST_OF_A_KIND)] for kind, paths in sorted(found.items())}


def _measure(
    session: onnxruntime.InferenceSession, labels: list[str], files: dict[str, list[Path]]
) -> dict[str, str | float]:
    right = {
        kind: [labels[scores.argmax()] == kind for path in paths for scores in _scores(session, [path.read_bytes()])]
        for kind, paths in files.items()
    }
    recall = {kind: sum(hits) / len(hits) for kind, hits in right.items()}
    every = [hit for hits in right.values() for hit in hits]
    weakest = sorted(recall, key=lambda kind: (recall[kind], kind))[:4]
    return {
        "accuracy": sum(every) / len(every),
        "macro_recall": sum(recall.values()) / len(recall),
        "kind_names": ", ".join(f"{kind} ({len(right[kind])})" for kind in right),
        "weakest": ", ".join(f"{kind} ({recall[kind]:.2f} of {len(right[kind])})" for kind in weakest),
    }


def _example(session: onnxruntime.InferenceSession, title: str, contents: list[bytes]) -> Example:
    batch = np.array([tokens(content) for content in contents], dtype=np.int32)
    expected = answer(target_label=_scores(session, contents))
    return Example(title=title, request=request("bytes", batch), expected=expected, tolerance=1e-4)
