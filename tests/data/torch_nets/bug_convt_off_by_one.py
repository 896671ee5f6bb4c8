import torch
import torch.nn as nn


class ResAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.down2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.up1 = nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1)

    def forward(self, x):
        d1 = torch.relu(self.down1(x))   # 14
        d2 = torch.relu(self.down2(d1))  # 7
        u1 = torch.relu(self.up1(d2))
        u1 = u1 + d1
        out = torch.sigmoid(self.up2(u1))
        return out
