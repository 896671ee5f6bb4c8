import torch
import torch.nn as nn


class AudioTagger(nn.Module):
    """log-mel spectrogram -> tags"""

    def __init__(self, n_tags=20):
        super(AudioTagger, self).__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 16, (3, 3), padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.AvgPool2d((2, 2)),
            nn.Conv2d(16, 32, (3, 3), padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AvgPool2d((2, 2)),
            nn.Conv2d(32, 64, (16, 1)), nn.ReLU(),
        )
        self.gru = nn.GRU(64, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, n_tags)

    def forward(self, spec):
        x = self.cnn(spec)       # (B, 64, 1, T)
        x = x.squeeze()          # (B, 64, T)
        x = x.transpose(1, 2)
        x, _ = self.gru(x)
        clip, _ = torch.max(self.fc(x), dim=1)
        return torch.sigmoid(clip)
