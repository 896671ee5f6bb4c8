import torch
import torch.nn as nn


class MultiCrop(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 1, dim))
        self.context = nn.Linear(dim, dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        bias = self.bias.clone()
        bias += self.context(x).mean(1, keepdim=True)
        return self.proj(x + bias)
