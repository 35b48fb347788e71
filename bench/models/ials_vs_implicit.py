#!/usr/bin/env python3
"""Seconds per sweep of iALS, ours beside the package `implicit`, in one run on the same data.

    pip install implicit==0.7.3 threadpoolctl
    ials_vs_implicit.py --binary build/release/models_ials --train gowalla/train.txt.xz [--threads 2] [--rounds 2]

Both take the same matrix, dimensions, number of sweeps and threads. `implicit` solves by three steps of conjugate gradient
(its default) or exactly by Cholesky's factorisation; ours by three steps of conjugate gradient or exactly in the eigenbasis
(`dual`, the default). Like stands beside like. Rounds alternate, so that both meet the same load of the machine; the best
sweep of each counts. OpenBLAS is kept to one thread for `implicit`, as its documentation asks.
"""
import argparse
import json
import lzma
import os
import subprocess

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix


def read_matrix(path):
    users, items = [], []
    with (lzma.open if path.endswith(".xz") else open)(path, "rt") as lines:
        for line in lines:
            user, *own = line.split()
            users += [int(user)] * len(own)
            items += map(int, own)
    return csr_matrix((np.ones(len(users), np.float32), (users, items)))


def implicit_sweep_s(matrix, dim, sweeps, threads, exact):
    seconds = []
    model = AlternatingLeastSquares(factors=dim, regularization=0.01, alpha=1.0, iterations=sweeps, num_threads=threads,
                                    use_cg=not exact, use_native=True, dtype=np.float32, random_state=1)
    model.cg_steps = 3
    model.fit(matrix, show_progress=False, callback=lambda iteration, elapsed, *_: seconds.append(elapsed))
    return min(seconds)


def our_sweep_s(flags, dim, solver):
    out = subprocess.run([flags.binary, "sweeps", flags.train, f"dim={dim}", f"sweeps={flags.sweeps}",
                          f"threads={flags.threads}", f"solver={solver}"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)["best_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--train", required=True, help="`user item item ...`, plain or .xz")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sweeps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dims", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--largest-exact", type=int, default=128, help="dimensions up to which Cholesky is run, too")
    flags = parser.parse_args()
    matrix = read_matrix(flags.train)
    for dim in flags.dims:
        for exact in (False, True):
            if exact and dim > flags.largest_exact:
                continue
            theirs, ours = [], []
            for _ in range(flags.rounds):
                theirs.append(implicit_sweep_s(matrix, dim, flags.sweeps, flags.threads, exact))
                ours.append(our_sweep_s(flags, dim, "dual" if exact else "cg"))
            default = our_sweep_s(flags, dim, "dual")
            print(json.dumps({"dim": dim, "kind": "exact" if exact else "conjugate gradient",
                              "implicit_sweep_s": round(min(theirs), 3), "tamis_sweep_s": round(min(ours), 3),
                              "ratio": round(min(theirs) / min(ours), 2), "tamis_default_sweep_s": round(default, 3),
                              "ratio_to_default": round(min(theirs) / default, 2)}), flush=True)


if __name__ == "__main__":
    main()
