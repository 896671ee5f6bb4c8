import torch
import torch.nn as nn


class TwoStream(nn.Module):
    def __init__(self, n_cls=5):
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(3, 32, 7, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.motion = nn.Sequential(
            nn.Conv2d(20, 32, 7, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(64, n_cls)

    def forward(self, rgb, flow):
        s = self.spatial(rgb)
        m = self.motion(flow)
        return self.fc(torch.cat((s, m), dim=1))
