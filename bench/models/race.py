"""Our training steps beside PyTorch's on the CPU, in one run: what the scripts *_vs_pytorch.py share.

Rounds alternate, so that both meet the same load of the machine.
"""
import argparse
import json
import subprocess

import torch


def read_flags(description, steps, rounds):
    """The flags of a script; PyTorch is set to their threads and to a fixed seed."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=steps, help="of each, per round")
    parser.add_argument("--rounds", type=int, default=rounds)
    flags = parser.parse_args()
    torch.set_num_threads(flags.threads)
    torch.manual_seed(1)
    return flags


def run_ours(flags, **settings):
    """What our binary prints for these settings."""
    words = [f"{key}={value}" for key, value in {"threads": flags.threads, **settings}.items()]
    return json.loads(subprocess.run([flags.binary, *words], check=True, capture_output=True, text=True).stdout)


def race(flags, theirs, ours, of_rounds=max):
    """Runs both by turns, each a call that returns steps per second, and prints `of_rounds` of each and their ratio."""
    rounds = [(theirs(), ours()) for _ in range(flags.rounds)]
    pytorch, tamis = (of_rounds(column) for column in zip(*rounds))
    print(json.dumps({"pytorch_version": torch.__version__, "threads": flags.threads,
                      "pytorch_steps_per_s": round(pytorch, 2), "tamis_steps_per_s": round(tamis, 2),
                      "speedup": round(tamis / pytorch, 2)}))
