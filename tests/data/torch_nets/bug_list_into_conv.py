import torch
import torch.nn as nn


class Fusion(nn.Module):
    '''RGB-D late fusion'''

    def __init__(self):
        super().__init__()
        self.rgb = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU())
        self.depth = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU())
        self.fuse = nn.Conv2d(32, 32, 3, padding=1)
        self.gap = nn.AdaptiveAvgPool2d(1)
        self.cls = nn.Linear(32, 6)

    def forward(self, image, depth):
        feats = [self.rgb(image), self.depth(depth)]
        y = torch.relu(self.fuse(feats))
        y = torch.flatten(self.gap(y), 1)
        return self.cls(y)
