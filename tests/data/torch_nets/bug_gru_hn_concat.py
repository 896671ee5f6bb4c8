import torch
import torch.nn as nn


class GRUClassifier(nn.Module):
    def __init__(self, n_in=20, hidden=32, n_layers=2, classes=5):
        super().__init__()
        self.hidden = hidden
        self.gru = nn.GRU(n_in, hidden, n_layers, batch_first=True)
        self.attn = nn.Parameter(torch.empty(hidden))
        nn.init.uniform_(self.attn, -0.1, 0.1)
        self.fc = nn.Sequential(nn.BatchNorm1d(hidden), nn.Linear(hidden, classes))

    def forward(self, x):
        seq, h_n = self.gru(x)
        weights = torch.softmax(seq @ self.attn, dim=1).unsqueeze(-1)
        context = (weights * seq).sum(dim=1)
        out = h_n.reshape(x.size(0), -1)[:, :self.hidden]
        out = torch.cat([out, context], dim=-1)
        return self.fc(out)
