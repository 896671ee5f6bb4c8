import torch
from torch import nn


class KeywordSpotter(nn.Module):
    def __init__(self, n_mels=40, hidden=32):
        super().__init__()
        self.norm = nn.LayerNorm(n_mels)
        self.rnn = nn.RNN(n_mels, hidden, nonlinearity='relu', batch_first=True)
        self.out = nn.Linear(hidden, 12)

    def forward(self, mels):
        x = mels
        x = x.transpose(1, 3)
        x = self.norm(x)
        y, h = self.rnn(x)
        return self.out(h.squeeze(0))
