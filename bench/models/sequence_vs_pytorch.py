#!/usr/bin/env python3
"""One training step of a SASRec, ours beside PyTorch on the CPU, in one run.

    sequence_vs_pytorch.py --binary build/release/models_sequence_step [--threads 2] [--steps 3] [--rounds 3]

Batch 128, length 200, 64 units, 2 blocks of one head, full softmax over 3,416 items, Adam, dropout 0.2, f32. Both do the
same arithmetic on random items: forward, loss, backward, update. Rounds alternate, so that both meet the same load of the
machine; the medians of their rounds are compared. PyTorch is given what its users have: scores as one product, cross_entropy, fused
attention where the version has it.
"""
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

from race import race, read_flags, run_ours

BATCH, LENGTH, DIM, BLOCKS, ITEMS, DROPOUT = 128, 200, 64, 2, 3416, 0.2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key = nn.Linear(DIM, DIM), nn.Linear(DIM, DIM)
        self.value, self.output = nn.Linear(DIM, DIM), nn.Linear(DIM, DIM)
        self.register_buffer("future", torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1))

    def forward(self, queries, keys):
        q, k, v = self.query(queries), self.key(keys), self.value(keys)
        if hasattr(F, "scaled_dot_product_attention"):
            out = F.scaled_dot_product_attention(q, k, v, dropout_p=DROPOUT, is_causal=True)
        else:
            scores = (q @ k.transpose(1, 2) / DIM**0.5).masked_fill(self.future, float("-inf"))
            out = F.dropout(scores.softmax(-1), DROPOUT) @ v
        return self.output(out)


class SasRec(nn.Module):
    def __init__(self):
        super().__init__()
        self.items, self.positions = nn.Embedding(ITEMS, DIM), nn.Embedding(LENGTH, DIM)
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)
        self.attention = nn.ModuleList(Attention() for _ in range(BLOCKS))
        self.first_norm = nn.ModuleList(nn.LayerNorm(DIM) for _ in range(BLOCKS))
        self.second_norm = nn.ModuleList(nn.LayerNorm(DIM) for _ in range(BLOCKS))
        self.feed_forward = nn.ModuleList(
            nn.Sequential(nn.Linear(DIM, DIM), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(DIM, DIM), nn.Dropout(DROPOUT))
            for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(DIM)

    def forward(self, tokens):
        x = self.items(tokens) * DIM**0.5 + self.positions.weight
        x = F.dropout(x, DROPOUT)
        for attention, first, second, network in zip(self.attention, self.first_norm, self.second_norm, self.feed_forward):
            q = first(x)
            x = second(q + attention(q, x))
            x = x + network(x)
        return self.norm(x) @ self.items.weight.T


def pytorch_step_s(model, optimizer, tokens, targets):
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(tokens).view(-1, ITEMS), targets.view(-1)).backward()
    optimizer.step()
    return time.perf_counter() - start


def our_steps_per_s(flags):
    return 1 / run_ours(flags, steps=flags.steps, batch=BATCH, length=LENGTH, items=ITEMS)["median_s"]


def main():
    flags = read_flags(__doc__, steps=3, rounds=3)
    model = SasRec()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    sequence = torch.randint(ITEMS, (BATCH, LENGTH + 1))
    tokens, targets = sequence[:, :-1].contiguous(), sequence[:, 1:].contiguous()
    pytorch_step_s(model, optimizer, tokens, targets)  # warm-up, as our binary's first step is its own

    def pytorch_steps_per_s():
        steps = [pytorch_step_s(model, optimizer, tokens, targets) for _ in range(flags.steps)]
        return 1 / statistics.median(steps)

    race(flags, pytorch_steps_per_s, lambda: our_steps_per_s(flags), of_rounds=statistics.median)


if __name__ == "__main__":
    main()
