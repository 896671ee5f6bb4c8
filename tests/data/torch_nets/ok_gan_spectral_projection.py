import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import spectral_norm, weight_norm


class DBlock(nn.Module):
    def __init__(self, cin, cout, down=True):
        super().__init__()
        self.c1 = spectral_norm(nn.Conv2d(cin, cout, 3, 1, 1))
        self.c2 = spectral_norm(nn.Conv2d(cout, cout, 3, 1, 1))
        self.learn_sc = cin != cout or down
        self.down = down
        if self.learn_sc:
            self.c_sc = spectral_norm(nn.Conv2d(cin, cout, 1))

    def shortcut(self, x):
        if self.learn_sc:
            x = self.c_sc(x)
        return F.avg_pool2d(x, 2) if self.down else x

    def forward(self, x):
        h = self.c2(F.relu(self.c1(F.relu(x))))
        if self.down:
            h = F.avg_pool2d(h, 2)
        return h + self.shortcut(x)


class ProjectionDiscriminator(nn.Module):
    def __init__(self, ch=24, n_class=10):
        super().__init__()
        self.block1 = DBlock(3, ch)
        self.block2 = DBlock(ch, ch * 2)
        self.block3 = DBlock(ch * 2, ch * 2, down=False)
        self.l_y = spectral_norm(nn.Embedding(n_class, ch * 2))
        self.l6 = weight_norm(nn.Linear(ch * 2, 1))

    def forward(self, x, y=None):
        h = self.block3(self.block2(self.block1(x)))
        h = torch.sum(F.relu(h), dim=(2, 3))
        out = self.l6(h)
        if y is not None:
            out += torch.sum(self.l_y(y) * h, dim=1, keepdim=True)
        return out
