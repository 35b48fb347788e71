#!/usr/bin/env python3
"""score_bench beside ONNX Runtime on the same shape, in turns, one thread, by CPU time of that thread.

    pip install onnxruntime onnx numpy
    python3 bench/ranker/score.py build/release/score_bench [rounds]

The peer's graph: 26 embedding look-ups [rows, 16], the bottom MLP 13-64-16, the products of all pairs of 27 vectors, the
top MLP 367-256-128-1, batched over candidates.
"""
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FIELDS, DIM, NUMBERS, ROWS = 26, 16, 13, 10_000


def graph(rng):
    nodes, weights = [], []

    def constant(name, array):
        weights.append(numpy_helper.from_array(array, name))
        return name

    def dense(name, x, in_width, out_width, relu):
        w = constant(name + "_w", rng.normal(0, 0.1, (in_width, out_width)).astype(np.float32))
        b = constant(name + "_b", np.zeros(out_width, np.float32))
        nodes.append(helper.make_node("Gemm", [x, w, b], [name]))
        if not relu:
            return name
        nodes.append(helper.make_node("Relu", [name], [name + "_r"]))
        return name + "_r"

    vectors = []
    axis = constant("axis", np.array([1], np.int64))
    for field in range(FIELDS):
        table = constant(f"table{field}", rng.normal(0, 0.3, (ROWS, DIM)).astype(np.float32))
        column = constant(f"column{field}", np.array([field], np.int64))
        nodes.append(helper.make_node("Gather", ["ids", column], [f"id{field}"], axis=1))  # [n, 1]
        nodes.append(helper.make_node("Gather", [table, f"id{field}"], [f"vector{field}"], axis=0))  # [n, 1, dim]
        vectors.append(f"vector{field}")
    bottom = dense("bottom1", dense("bottom0", "numbers", NUMBERS, 64, True), 64, DIM, True)
    nodes.append(helper.make_node("Unsqueeze", [bottom, axis], ["bottom_vector"]))
    nodes.append(helper.make_node("Concat", vectors + ["bottom_vector"], ["vectors"], axis=1))
    nodes.append(helper.make_node("Transpose", ["vectors"], ["transposed"], perm=[0, 2, 1]))
    nodes.append(helper.make_node("MatMul", ["vectors", "transposed"], ["products"]))
    flat = constant("flat", np.array([0, (FIELDS + 1) ** 2], np.int64))
    nodes.append(helper.make_node("Reshape", ["products", flat], ["flat_products"]))
    upper = [a * (FIELDS + 1) + b for a in range(FIELDS + 1) for b in range(a + 1, FIELDS + 1)]
    nodes.append(helper.make_node("Gather", ["flat_products", constant("upper", np.array(upper, np.int64))], ["pairs"],
                                  axis=1))
    nodes.append(helper.make_node("Concat", [bottom, "pairs"], ["inputs"], axis=1))
    width = DIM + len(upper)
    dense("logit", dense("top1", dense("top0", "inputs", width, 256, True), 256, 128, True), 128, 1, False)
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", FIELDS]),
              helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["n", NUMBERS])]
    outputs = [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", 1])]
    model = helper.make_model(helper.make_graph(nodes, "dlrm", inputs, outputs, weights),
                              opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def main():
    binary = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rng = np.random.default_rng(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph(rng), options, providers=["CPUExecutionProvider"])
    print("onnxruntime", onnxruntime.__version__)
    for turn in range(3):
        print("turn", turn + 1, flush=True)
        subprocess.run([binary, str(rounds)], check=True)
        for candidates in (200, 500):
            times = []
            for _ in range(rounds):
                feed = {"ids": rng.integers(0, ROWS, (candidates, FIELDS)),
                        "numbers": rng.normal(size=(candidates, NUMBERS)).astype(np.float32)}
                start = time.thread_time()
                session.run(["logit"], feed)
                times.append((time.thread_time() - start) * 1e6)
            print(f"onnxruntime  {candidates:4d} candidates  p50 {np.percentile(times, 50):8.1f} us  "
                  f"p99 {np.percentile(times, 99):8.1f} us", flush=True)


if __name__ == "__main__":
    main()
