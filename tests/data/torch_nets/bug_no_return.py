import torch
import torch.nn as nn


class Residual(nn.Module):
    def __init__(self, ch):
        super(Residual, self).__init__()
        self.conv1 = nn.Conv2d(ch, ch, 3, 1, 1)
        self.conv2 = nn.Conv2d(ch, ch, 3, 1, 1)
        self.relu = nn.ReLU()

    def forward(self, x):
        out = torch.tanh(self.conv1(x))
        out = self.conv2(out) + x
        self.relu(out)


class ResNetMini(nn.Module):
    def __init__(self):
        super(ResNetMini, self).__init__()
        self.stem = nn.Conv2d(3, 16, 7, 2, 3)
        self.block1 = Residual(16)
        self.block2 = Residual(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        x = self.block1(x)
        x = self.block2(x)
        x = x.mean((-1, -2))
        return self.fc(x)
