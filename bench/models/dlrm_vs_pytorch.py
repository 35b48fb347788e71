#!/usr/bin/env python3
"""Training steps per second of a DLRM, ours beside PyTorch on the CPU, in one run.

    dlrm_vs_pytorch.py --binary build/release/models_dlrm_step [--threads 2] [--rounds 2]

26 categorical fields of 10,000 values x 16, 13 numbers through a bottom MLP of 64, pairwise products, top MLP 256-128-1,
batch 2,048, f32. Both do the same arithmetic on random examples: forward, binary cross-entropy, backward, Adam for the
networks and Adam on the touched rows for the tables. Rounds alternate, so that both meet the same load of the machine.
PyTorch is given what its users have: one embedding table with offsets per field, sparse gradients with SparseAdam, the
products as one batched matrix product.
"""
import time

import torch
from torch import nn
from torch.nn import functional as F

from race import race, read_flags, run_ours

FIELDS, ROWS, DIM, NUMBERS, BATCH = 26, 10_000, 16, 13, 2048


class Dlrm(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(FIELDS * ROWS, DIM, sparse=True)
        nn.init.normal_(self.table.weight, std=0.01)
        self.register_buffer("offsets", torch.arange(FIELDS) * ROWS)
        self.bottom = nn.Sequential(nn.Linear(NUMBERS, 64), nn.ReLU(), nn.Linear(64, DIM), nn.ReLU())
        vectors = FIELDS + 1
        self.register_buffer("pairs", torch.tril_indices(vectors, vectors, -1))
        self.top = nn.Sequential(nn.Linear(DIM + vectors * (vectors - 1) // 2, 256), nn.ReLU(), nn.Linear(256, 128),
                                 nn.ReLU(), nn.Linear(128, 1))

    def forward(self, ids, numbers):
        dense = self.bottom(numbers)
        vectors = torch.cat([dense.unsqueeze(1), self.table(ids + self.offsets)], 1)
        products = torch.bmm(vectors, vectors.transpose(1, 2))[:, self.pairs[0], self.pairs[1]]
        return self.top(torch.cat([dense, products], 1)).squeeze(1)


def pytorch_steps_per_s(model, optimizers, batches):
    start = time.perf_counter()
    for ids, numbers, labels in batches:
        for optimizer in optimizers:
            optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(ids, numbers), labels).backward()
        for optimizer in optimizers:
            optimizer.step()
    return len(batches) / (time.perf_counter() - start)


def our_steps_per_s(flags):
    return run_ours(flags, steps=flags.steps, batch=BATCH, fields=FIELDS, rows=ROWS, dim=DIM)["steps_per_s"]


def main():
    flags = read_flags(__doc__, steps=32, rounds=2)
    model = Dlrm()
    networks = [parameter for name, parameter in model.named_parameters() if not name.startswith("table")]
    optimizers = [torch.optim.Adam(networks, lr=1e-3), torch.optim.SparseAdam(list(model.table.parameters()), lr=1e-3)]
    batches = [(torch.randint(ROWS, (BATCH, FIELDS)), torch.randn(BATCH, NUMBERS), torch.randint(2, (BATCH,)).float())
               for _ in range(flags.steps)]
    pytorch_steps_per_s(model, optimizers, batches[:2])  # warm-up
    race(flags, lambda: pytorch_steps_per_s(model, optimizers, batches), lambda: our_steps_per_s(flags))


if __name__ == "__main__":
    main()
