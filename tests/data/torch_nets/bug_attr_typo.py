import torch
import torch.nn as nn


class Encoder(nn.Module):
    """Image encoder, 64x64 -> latent vector"""
    def __init__(self, z_dim=64):
        super(Encoder, self).__init__()
        self.conv1 = nn.Conv2d(3, 32, 4, 2, 1)
        self.batchnorm1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 4, 2, 1)
        self.batchnorm2 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.fc = nn.Linear(64 * 4 * 4, z_dim)

    def forward(self, x):
        h = self.relu(self.batchnorm1(self.conv1(x)))
        h = self.relu(self.batch_norm2(self.conv2(h)))
        h = self.pool(h)
        return self.fc(h.flatten(start_dim=1))
