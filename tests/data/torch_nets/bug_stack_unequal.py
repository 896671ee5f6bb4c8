import torch
import torch.nn as nn


class MultiKernelCNN(nn.Module):
    def __init__(self, kernels=(3, 5, 8), filters=16, classes=4):
        super().__init__()
        self.branches = nn.ModuleList([
            nn.Sequential(
                nn.Conv1d(1, filters, k, padding=k // 2),
                nn.BatchNorm1d(filters),
                nn.LeakyReLU(0.01),
                nn.MaxPool1d(2),
            ) for k in kernels])
        self.classifier = nn.Linear(filters * len(kernels), classes)

    def forward(self, signal):
        signal = signal[:, None, :]
        outs = [branch(signal) for branch in self.branches]
        outs = [o[..., 1:] if i == 2 else o for i, o in enumerate(outs)]
        x = torch.stack(outs, dim=1)
        x = x.mean(-1).flatten(1)
        return self.classifier(x)
