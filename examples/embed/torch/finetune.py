"""Fine-tunes a small GPT on the CPU. One import line chooses whose optimizer it is."""

import argparse
import math
from pathlib import Path

import torch
from torch import nn

from pyfastopt import torch as optim  # torch's own: from torch import optim

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 256, 64, 128, 4, 4


class GPT(nn.Module):
    """GPT-2 (Radford et al. 2019) in small, with the bytes of a text for its vocabulary."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, 0.0, nn.functional.gelu, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH), False)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.head.weight = self.tokens.weight
        nn.init.normal_(self.tokens.weight, std=0.02)

    def forward(self, text):
        length = text.shape[1]
        x = self.tokens(text) + self.places.weight[:length]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.head(self.blocks(x, mask=mask, is_causal=True))


def batches(text, size, generator):
    while True:
        starts = torch.randint(len(text) - CONTEXT, (size,), generator=generator)
        rows = torch.stack([text[start : start + CONTEXT + 1] for start in starts.tolist()])
        yield rows[:, :-1], rows[:, 1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, default=__file__, help="what to learn (this file)")
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()

    torch.manual_seed(0)
    model = GPT()
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=3e-4,
        betas=(0.9, 0.95),
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 + 0.5 * math.cos(math.pi * step / options.steps)
    )
    text = torch.tensor(list(Path(options.text).read_bytes()))
    data = batches(text, 8, torch.Generator().manual_seed(1))
    for step in range(options.steps):
        inputs, targets = next(data)
        loss = nn.functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        print(f"step {step}: loss {loss.item():.8f}")


if __name__ == "__main__":
    main()
