import torch
import torch.nn as nn


class FrameEncoder(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.dim = dim
        self.cnn = nn.Sequential(nn.Conv2d(3, 24, 3, 2), nn.ReLU(), nn.Conv2d(24, dim, 3, 2), nn.ReLU())
        self.temporal = nn.Conv3d(dim, dim, (3, 1, 1), padding=(1, 0, 0))

    def forward(self, clip):
        B, T, C, H, W = clip.size()
        feats = self.cnn(clip.reshape(B * T, C, H, W))
        feats = feats.view(-1, T, self.dim, -1)
        feats = feats.permute(0, 2, 1, 3).unsqueeze(-1)
        return self.temporal(feats).mean(dim=(2, 3, 4))
