import torch
import torch.nn as nn


class FeatureTap(nn.Module):
    def __init__(self, taps=(3, 6, 9)):
        super().__init__()
        self.taps = taps
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU())
        self.reduce = nn.ModuleList(nn.Conv2d(self.features[t].out_channels, 8, 1) for t in taps)

    def forward(self, x):
        outs = []
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in self.taps:
                outs.append(self.reduce[self.taps.index(i)](x))
        return outs
