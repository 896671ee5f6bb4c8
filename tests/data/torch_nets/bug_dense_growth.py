import torch
import torch.nn as nn
import torch.nn.functional as F


class Layer(nn.Module):
    def __init__(self, cin, growth):
        super().__init__()
        self.bn = nn.BatchNorm2d(cin)
        self.conv = nn.Conv2d(cin, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv(F.relu(self.bn(x)))], 1)


class Transition(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.bn = nn.BatchNorm2d(cin)
        self.conv = nn.Conv2d(cin, cout, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.bn(x))), 2)


def dense_block(n, cin, k):
    return nn.Sequential(*(Layer(cin + i * k, k) for i in range(n)))


class TinyDense(nn.Module):
    def __init__(self, k=8):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.dense1 = dense_block(4, 16, k)
        self.trans1 = Transition(16 + 3 * k, 24)
        self.dense2 = dense_block(2, 24, k)
        self.fc = nn.Linear(24 + 2 * k, 10)

    def forward(self, x):
        out = self.conv1(x)
        out = self.trans1(self.dense1(out))
        out = self.dense2(out)
        out = out.mean(dim=(2, 3))
        return self.fc(out)
