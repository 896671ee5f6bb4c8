import torch
import torch.nn as nn


class SensorCNN(nn.Module):
    """Human activity recognition, windows of 128 samples of 9 channels."""

    def __init__(self, n_channels=9, n_classes=6):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(n_channels, 64, kernel_size=3), nn.ReLU(),
            nn.Conv1d(64, 64, kernel_size=3), nn.ReLU(),
            nn.Dropout(0.5), nn.MaxPool1d(2),
        )
        self.dense = nn.Sequential(nn.Linear(64 * 62, 100), nn.ReLU(), nn.Linear(100, n_classes))

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.dense(x)
