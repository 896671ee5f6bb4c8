import torch
import torch.nn as nn


class EncBlock(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)

    def forward(self, x):
        return self.pool(torch.relu(self.conv(x)))


class DecBlock(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2)
        self.conv = nn.Conv2d(i, o, 3, padding=1)

    def forward(self, x, indices):
        return torch.relu(self.conv(self.unpool(x, indices)))


class SegNet(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.enc1, self.enc2 = EncBlock(3, 16), EncBlock(16, 32)
        self.dec2, self.dec1 = DecBlock(32, 16), DecBlock(16, classes)

    def forward(self, x):
        x, idx1 = self.enc1(x)
        x, idx2 = self.enc2(x)
        x = self.dec2(x, idx2)
        x = self.dec1(x)
        return x
