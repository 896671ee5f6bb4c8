import torch
import torch.nn as nn


class SliceNet(nn.Module):
    """2-D version of the volumetric net"""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=(3, 3), padding=(1, 1))
        self.conv2 = nn.Conv2d(8, 16, kernel_size=(3, 3, 3), padding=1)
        self.head = nn.Conv2d(16, 2, kernel_size=1)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        return self.head(x)
