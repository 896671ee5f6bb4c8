import torch
import torch.nn as nn
import torchvision.models as models


class FineTuned(nn.Module):
    def __init__(self, n_classes=5):
        super().__init__()
        self.model = models.resnet34()
        self.model.fc = nn.Sequential(
            nn.Linear(2048, 256),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Linear(256, n_classes),
        )

    def forward(self, x):
        return self.model(x)
