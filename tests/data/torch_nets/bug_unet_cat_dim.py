import torch
import torch.nn as nn


class Decoder(nn.Module):
    """Decoder half; skips come from the encoder, deepest first."""

    def __init__(self):
        super().__init__()
        self.up1 = nn.ConvTranspose2d(64, 32, kernel_size=2, stride=2)
        self.conv1 = nn.Conv2d(64, 32, kernel_size=3, padding=1)
        self.up2 = nn.ConvTranspose2d(32, 16, kernel_size=2, stride=2)
        self.conv2 = nn.Conv2d(32, 16, kernel_size=3, padding=1)
        self.act = nn.LeakyReLU(negative_slope=0.1, inplace=True)

    def forward(self, x, skip1, skip2):
        x = self.up1(x)
        x = torch.cat((x, skip1), 1)
        x = self.act(self.conv1(x))
        x = self.up2(x)
        x = torch.cat((x, skip2), 2)
        x = self.act(self.conv2(x))
        return x
