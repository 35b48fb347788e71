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
import time

import torch
from torch import nn
from torch.nn import functional as F

from race import race, read_flags, run_ours

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
    return run_ours(flags, epochs=2, items=ITEMS, dim=DIM, batch=BATCH, uniform=UNIFORM, actions=HISTORY + TARGETS,
                    users=flags.steps * BATCH // 2)["steps_per_s"]


def main():
    flags = read_flags(__doc__, steps=32, rounds=2)
    model = Towers()
    optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.01)
    batches = [make_batch() for _ in range(flags.steps)]
    pytorch_steps_per_s(model, optimizer, batches[:2])  # warm-up
    race(flags, lambda: pytorch_steps_per_s(model, optimizer, batches), lambda: our_steps_per_s(flags))


if __name__ == "__main__":
    main()
