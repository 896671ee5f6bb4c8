import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, n=6):
        self.scale = nn.Parameter(torch.ones(1))
        self.n = n
        super().__init__()
        self.fc = nn.Linear(n, n)

    def forward(self, x):
        return self.fc(x) * self.scale
