#!/usr/bin/env python3
"""Training steps per second of a two-tower model of ids, ours beside PyTorch on the CPU, in one run.

    two_tower_vs_pytorch.py --binary build/release/models_two_tower_step [--threads 2] [--rounds 2]

128 units; 40,000 items; rows of 24 actions of which 12 are targets and 12 the history; 256 rows a step; candidates are
the batch's targets and 1,024 uniform draws, about 4,000. Both do the same arithmetic on random items: histories pooled
from the item table and divided by the root of their length, cosine scores over a temperature, logQ correction, what a row
has masked, a softmax per target, Adam on the touched rows. Rounds alternate, so that both meet the same load of the
machine. PyTorch is given what its users have: embedding_bag with sparse gradients, SparseAdam, one product for the
scores; its batches are made before the clock starts, ours while it runs.
"""
import argparse
import json
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F

DIM, ITEMS, BATCH, HISTORY, TARGETS, UNIFORM, TEMPERATURE = 128, 40_000, 256, 12, 12, 1024, 0.08


def make_batch():
    histories = torch.randint(ITEMS, (BATCH, HISTORY))
    targets = torch.randint(ITEMS, (BATCH, TARGETS))
    candidates = torch.unique(torch.cat([targets.view(-1), torch.randint(ITEMS, (UNIFORM,))]))
    places = torch.searchsorted(candidates, targets)
    mask = torch.zeros(BATCH, len(candidates), dtype=torch.bool)
    mask.scatter_(1, places, True)  # a row's targets are no negatives of each other
    offsets = -torch.log(torch.full((len(candidates),), len(candidates) / ITEMS))
    return histories, candidates, places, mask, offsets


class Towers(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Embedding(ITEMS, DIM, sparse=True)
        nn.init.normal_(self.items.weight, std=0.1 / DIM**0.5)

    def loss(self, histories, candidates, places, mask, offsets):
        users = F.embedding_bag(histories, self.items.weight, mode="sum", sparse=True) / HISTORY**0.5
        users = F.normalize(users, dim=1)
        items = F.normalize(self.items(candidates), dim=1)
        scores = users @ items.T / TEMPERATURE
        own = scores.gather(1, places)
        others = (scores + offsets).masked_fill(mask, float("-inf")).logsumexp(1, keepdim=True)
        return (torch.logaddexp(own, others) - own).mean()


def pytorch_steps_per_s(model, optimizer, batches):
    start = time.perf_counter()
    for batch in batches:
        optimizer.zero_grad()
        model.loss(*batch).backward()
        optimizer.step()
    return len(batches) / (time.perf_counter() - start)


def our_steps_per_s(flags):
    out = subprocess.run([flags.binary, f"threads={flags.threads}", "epochs=2", f"items={ITEMS}", f"dim={DIM}",
                          f"batch={BATCH}", f"uniform={UNIFORM}", f"actions={HISTORY + TARGETS}",
                          f"users={flags.steps * BATCH // 2}"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)["steps_per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=32, help="of each, per round")
    parser.add_argument("--rounds", type=int, default=2)
    flags = parser.parse_args()
    torch.set_num_threads(flags.threads)
    torch.manual_seed(1)
    model = Towers()
    optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.01)
    batches = [make_batch() for _ in range(flags.steps)]
    pytorch_steps_per_s(model, optimizer, batches[:2])  # warm-up
    theirs, ours = [], []
    for _ in range(flags.rounds):
        theirs.append(pytorch_steps_per_s(model, optimizer, batches))
        ours.append(our_steps_per_s(flags))
    print(json.dumps({"pytorch_version": torch.__version__, "threads": flags.threads, "pytorch_steps_per_s": round(max(theirs), 2),
                      "tamis_steps_per_s": round(max(ours), 2), "speedup": round(max(ours) / max(theirs), 2)}))


if __name__ == "__main__":
    main()
