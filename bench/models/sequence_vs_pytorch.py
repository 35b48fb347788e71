#!/usr/bin/env python3
"""One training step of a SASRec, ours beside PyTorch on the CPU, in one run.

    sequence_vs_pytorch.py --binary build/release/models_sequence_step [--threads 2] [--steps 9]

Batch 128, length 200, 64 units, 2 blocks of one head, full softmax over 3,416 items, Adam, dropout 0.2, f32. Both do the
same arithmetic on random items: forward, loss, backward, update. Rounds alternate, so that both meet the same load of the
machine; the medians are compared. PyTorch is given what its users have: scores as one product, cross_entropy, fused
attention where the version has it.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F

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


def pytorch_step(model, optimizer, tokens, targets):
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(model(tokens).view(-1, ITEMS), targets.view(-1))
    loss.backward()
    optimizer.step()
    return time.perf_counter() - start, loss.item()


def our_steps(binary, threads, steps):
    out = subprocess.run([binary, f"threads={threads}", f"steps={steps}", f"batch={BATCH}", f"length={LENGTH}",
                          f"items={ITEMS}"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=9, help="of each, in three rounds")
    flags = parser.parse_args()
    torch.set_num_threads(flags.threads)
    torch.manual_seed(1)
    model = SasRec()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    sequence = torch.randint(ITEMS, (BATCH, LENGTH + 1))
    tokens, targets = sequence[:, :-1].contiguous(), sequence[:, 1:].contiguous()
    pytorch_step(model, optimizer, tokens, targets)  # warm-up, as our binary's first step is its own

    theirs, ours = [], []
    for _ in range(3):
        theirs += [pytorch_step(model, optimizer, tokens, targets)[0] for _ in range(flags.steps // 3)]
        ours.append(our_steps(flags.binary, flags.threads, flags.steps // 3)["median_s"])
    pytorch_s, tamis_s = statistics.median(theirs), statistics.median(ours)
    print(json.dumps({"pytorch_version": torch.__version__, "threads": flags.threads, "pytorch_step_s": round(pytorch_s, 4),
                      "tamis_step_s": round(tamis_s, 4), "speedup": round(pytorch_s / tamis_s, 2)}))


if __name__ == "__main__":
    main()
