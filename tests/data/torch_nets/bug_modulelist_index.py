import torch
import torch.nn as nn


class Pyramid(nn.Module):
    def __init__(self, depth=3, base=8):
        super().__init__()
        self.depth = depth
        self.down = nn.ModuleList()
        self.norms = nn.ModuleDict()
        ch = 3
        for i in range(depth):
            out = base * 2 ** i
            self.down.append(nn.Conv2d(ch, out, 3, stride=2, padding=1))
            self.norms[str(i)] = nn.BatchNorm2d(out)
            ch = out
        self.head = nn.Conv2d(ch, 1, 1)

    def forward(self, x):
        for i in range(self.depth + 1):
            x = self.down[i](x)
            x = torch.relu(self.norms[str(i)](x))
        return self.head(x)
