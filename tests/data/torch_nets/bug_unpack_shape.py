import torch
import torch.nn as nn
import torch.nn.functional as F


class NonLocal(nn.Module):
    def __init__(self, in_channels=16):
        super().__init__()
        self.inter = in_channels // 2
        self.theta = nn.Conv2d(in_channels, self.inter, 1)
        self.phi = nn.Conv2d(in_channels, self.inter, 1)
        self.g = nn.Conv2d(in_channels, self.inter, 1)
        self.W = nn.Conv2d(self.inter, in_channels, 1)

    def forward(self, x):
        b, c, n = x.shape
        theta = self.theta(x).view(b, self.inter, -1).permute(0, 2, 1)
        phi = self.phi(x).view(b, self.inter, -1)
        g = self.g(x).view(b, self.inter, -1).permute(0, 2, 1)
        f = F.softmax(torch.bmm(theta, phi), dim=-1)
        y = torch.bmm(f, g).permute(0, 2, 1).contiguous().view(b, self.inter, *x.size()[2:])
        return self.W(y) + x
