"""Is gradient surgery here faster than TorchJD's? Sensor, law and actuator on the same machine in one run.

For K rows of P numbers, TorchJD's aggregators take a matrix and give a vector (Gramian, weights,
combination); the bench `surgery --serve` takes K gradients of a module of eight tensors and gives one
gradient (the same three things). Both get the same numbers and two threads, take turns, and find their
rows where they were in the turn before. Beside them stands the time in which torch reads the matrix twice
by a plain sum: Gramian and combination read it twice as well.

    cargo build --release --package homeostat-benches --bench surgery   # prints nothing, makes the bench
    python3 benches/peers/torchjd/compare.py --install FOLDER           # a virtual environment, once
    FOLDER/bin/python benches/peers/torchjd/compare.py --out FOLDER/torchjd.json

`--bench PATH` names the bench if it is not found under the target folder, `--rows 2,8` and
`--columns 100000` choose cells, `--methods upgrad,mgda` methods, `--rounds N` how many turns each cell has
(less for large ones). Prints a table in Markdown and writes JSON. Memory: about 6 GB for the largest cell.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import warnings

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PAUSE = 0.05  # seconds; OpenMP keeps its threads spinning for 15 ms after their work


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--install", metavar="FOLDER")
    parser.add_argument("--bench", metavar="PATH")
    parser.add_argument("--rows", default="2,8,32")
    parser.add_argument("--columns", default="100000,1000000,10000000")
    parser.add_argument("--methods", default="upgrad")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", metavar="PATH")
    return parser.parse_args()


def install(folder):
    venv.create(folder, with_pip=True)
    pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install"]
    subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)


def find_bench(given):
    if given:
        return given
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = [
        path
        for path in (target / "release" / "deps").glob("surgery-*")
        if path.is_file() and os.access(path, os.X_OK) and not path.suffix
    ]
    if not found:
        sys.exit("error: no bench under the target folder; build it, or name it with --bench")
    return max(found, key=lambda path: path.stat().st_mtime)


class Bench:
    """The bench's process, asked line by line."""

    def __init__(self, path, threads):
        environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            [path, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"error: the bench gave no answer to '{line}'")
        return answer


def matrix(torch, rows, columns):
    """Gradients of losses that share a direction and conflict in part, of several lengths."""
    generator = torch.Generator().manual_seed(1000 * rows + columns % 997)
    rest = torch.randn(rows, columns, generator=generator)
    shared = torch.randn(columns, generator=generator)
    sign = torch.tensor([0.25 if row % 3 else -0.25 for row in range(rows)])
    length = torch.tensor([1.0 + row % 4 for row in range(rows)])
    return rest.add_(torch.outer(sign, shared)).mul_(length[:, None])


def timed(work):
    time.sleep(PAUSE)
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def cell(torch, aggregator, bench, method, jacobian, rounds, folder):
    """Medians in milliseconds."""
    names = ("peer", "ours", "sensor", "law", "actuator", "read")
    times = {name: [] for name in names}
    vector = None
    for turn in range(rounds + 2):
        seconds, vector = timed(lambda: aggregator(jacobian))
        read, _ = timed(lambda: (jacobian.sum(), jacobian.sum()))
        time.sleep(PAUSE)
        ours = [float(word) for word in bench.ask(f"aggregate {method}")]
        if turn >= 2:
            for name, value in zip(names, [seconds, *ours, read]):
                times[name].append(1e3 * value)
    medians = {name: statistics.median(values) for name, values in times.items()}
    path = os.path.join(folder, "combined")
    bench.ask(f"write {path}")
    combined = torch.frombuffer(bytearray(pathlib.Path(path).read_bytes()), dtype=torch.float32)
    one, other = combined.double(), vector.double()
    cosine = torch.dot(one, other) / (one.norm() * other.norm())
    medians["cosine"] = float(cosine)
    medians["ratio"] = medians["peer"] / medians["ours"]
    medians["over_read"] = medians["ours"] / medians["read"]
    return medians


def main():
    asked = arguments()
    if asked.install:
        return install(asked.install)
    os.environ.setdefault("OMP_NUM_THREADS", str(asked.threads))
    warnings.filterwarnings("ignore")
    try:
        import torch
        import torchjd
        from torchjd import aggregation
    except ImportError as error:
        sys.exit(f"error: {error}; make an environment with --install FOLDER and use its python")
    torch.set_num_threads(asked.threads)
    peers = {
        "upgrad": aggregation.UPGrad,
        "dualproj": aggregation.DualProj,
        "mgda": aggregation.MGDA,
        "pcgrad": aggregation.PCGrad,
        "aligned-mtl": aggregation.AlignedMTL,
        "imtl-g": aggregation.IMTLG,
        "cagrad": lambda: aggregation.CAGrad(c=0.5),
    }
    bench = Bench(find_bench(asked.bench), asked.threads)
    cells = []
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {asked.threads} "
        f"threads; torch {torch.__version__}, torchjd {version(torchjd)}; medians, milliseconds\n"
    )
    print("| method | K | P | TorchJD | ours | ratio | sensor | law | actuator | two reads | ours / two reads | cosine |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for rows in map(int, asked.rows.split(",")):
            for columns in map(int, asked.columns.split(",")):
                jacobian = matrix(torch, rows, columns)
                path = os.path.join(folder, "matrix")
                jacobian.numpy().tofile(path)
                bench.ask(f"load {path} {rows} {columns}")
                os.remove(path)
                rounds = max(5, min(asked.rounds, int(6e8 / (rows * columns))))
                for method in asked.methods.split(","):
                    found = cell(torch, peers[method](), bench, method, jacobian, rounds, folder)
                    cells.append({"method": method, "rows": rows, "columns": columns, "rounds": rounds, **found})
                    print(
                        f"| {method} | {rows} | {columns:.0e} | {found['peer']:.3f} | {found['ours']:.3f} "
                        f"| {found['ratio']:.2f} | {found['sensor']:.3f} | {found['law']:.3f} "
                        f"| {found['actuator']:.3f} | {found['read']:.3f} | {found['over_read']:.2f} "
                        f"| {found['cosine']:.6f} |",
                        flush=True,
                    )
    summary = {}
    for method in asked.methods.split(","):
        ratios = [one["ratio"] for one in cells if one["method"] == method]
        large = [one["over_read"] for one in cells if one["method"] == method and one["columns"] >= 1e6]
        summary[method] = {
            "geometric_mean": math.exp(statistics.fmean(map(math.log, ratios))),
            "worst": min(ratios),
            "most_over_two_reads": max(large, default=None),
        }
        print(f"\n{method}: geometric mean of the ratios {summary[method]['geometric_mean']:.2f}, worst "
              f"{summary[method]['worst']:.2f}; at most {summary[method]['most_over_two_reads']} times two reads")
    if asked.out:
        machine = {"processor": platform.processor(), "cores": os.cpu_count(), "threads": asked.threads}
        versions = {"torch": torch.__version__, "torchjd": version(torchjd)}
        report = {"machine": machine, "versions": versions, "cells": cells, "summary": summary}
        pathlib.Path(asked.out).write_text(json.dumps(report, indent=1) + "\n")


def version(module):
    from importlib.metadata import version

    return getattr(module, "__version__", None) or version(module.__name__)


if __name__ == "__main__":
    main()
