#!/usr/bin/env python3
"""Trains a small two-tower model in PyTorch and writes it as a generation for Tamis.

    tamis export interactions --output interactions.csv
    python3 docs/examples/two_tower_pytorch.py interactions.csv two-tower
    tar -C two-tower -cf two-tower.tar .
    curl -X PUT 'localhost:8080/v1/generations/two-tower?promote=true' -H 'Content-Type: application/x-tar' \
         --data-binary @two-tower.tar

The user tower reads the mean of what the user took, so Tamis runs it at query time on the latest history: an interaction
counts in the next answer. Loss: softmax over the batch's items with the logQ correction (Yi et al. 2019,
doi:10.1145/3298689.3346996).
"""
import argparse
import collections
import csv
import math

import torch

from tamis_generation import write_generation

HISTORY = 20  # newest actions that the tower reads; "history" of the artefact


class TwoTower(torch.nn.Module):
    def __init__(self, items: int, dim: int, hidden: int):
        super().__init__()
        self.item_vectors = torch.nn.Embedding(items, dim)
        self.history_vectors = torch.nn.Embedding(items, hidden)
        self.layer0 = torch.nn.Linear(hidden, hidden)
        self.layer1 = torch.nn.Linear(hidden, dim)
        for table in (self.item_vectors, self.history_vectors):
            torch.nn.init.normal_(table.weight, std=0.1)

    def user(self, histories: list[list[int]]) -> torch.Tensor:
        """[batch, dim]: what Tamis computes of the same history, events of equal weight."""
        means = torch.stack([self.history_vectors(torch.tensor(h[-HISTORY:])).mean(0) for h in histories])
        return self.layer1(torch.relu(self.layer0(means)))


def read_histories(path: str) -> dict[str, list[str]]:
    """Items by user, oldest first, of a CSV with the columns user, item and timestamp."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["timestamp"])
    histories = collections.defaultdict(list)
    for row in rows:
        histories[row["user"]].append(row["item"])
    return histories


def train(model: TwoTower, histories: list[list[int]], counts: torch.Tensor, epochs: int, batch: int) -> None:
    examples = [(h[:at], h[at]) for h in histories for at in range(1, len(h))]
    log_q = torch.log(counts / counts.sum())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(epochs):
        order = torch.randperm(len(examples)).tolist()
        total = 0.0
        for start in range(0, len(order), batch):
            part = [examples[n] for n in order[start : start + batch]]
            targets = torch.tensor([item for _, item in part])
            scores = model.user([h for h, _ in part]) @ model.item_vectors(targets).T - log_q[targets]
            loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(part)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(part)
        print(f"epoch {epoch + 1}: loss {total / max(1, len(order)):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("interactions", help="CSV with the columns user, item, timestamp")
    parser.add_argument("directory", help="where the generation goes")
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)

    by_user = read_histories(arguments.interactions)
    users = sorted(by_user)
    items = sorted({item for history in by_user.values() for item in history})
    row = {item: n for n, item in enumerate(items)}
    histories = [[row[item] for item in by_user[user]] for user in users]
    counts = torch.bincount(torch.tensor([item for h in histories for item in h]), minlength=len(items)).float()

    model = TwoTower(len(items), arguments.dim, 2 * arguments.dim)
    train(model, histories, counts, arguments.epochs, arguments.batch)
    with torch.no_grad():
        tensors = {
            "item_vectors": model.item_vectors.weight,
            "user_vectors": model.user(histories),
            "history_vectors": model.history_vectors.weight,
            "layer0.weight": model.layer0.weight,
            "layer0.bias": model.layer0.bias,
            "layer1.weight": model.layer1.weight,
            "layer1.bias": model.layer1.bias,
        }
        assert all(math.isfinite(float(tensor.sum())) for tensor in tensors.values())
        encoder = {"tensors": tensors, "settings": {"history": HISTORY}}
        write_generation(arguments.directory, users, items, {"two-tower": encoder}, note="two towers, PyTorch")


if __name__ == "__main__":
    main()
