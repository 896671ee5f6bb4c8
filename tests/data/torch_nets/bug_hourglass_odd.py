import torch
import torch.nn as nn
import torch.nn.functional as F


class Hourglass(nn.Module):
    def __init__(self, n=3, f=16, increase=8):
        super(Hourglass, self).__init__()
        nf = f + increase
        self.up1 = nn.Conv2d(f, f, 3, padding=1)
        # Lower branch
        self.pool = nn.MaxPool2d(2, 2)
        self.low_in = nn.Conv2d(f, nf, 3, padding=1)
        self.n = n
        # Recursive hourglass
        if self.n > 1:
            self.low2 = Hourglass(n - 1, nf)
        else:
            self.low2 = nn.Conv2d(nf, nf, 3, padding=1)
        self.low3 = nn.Conv2d(nf, f, 3, padding=1)
        self.up2 = nn.Upsample(scale_factor=2, mode='nearest')

    def low(self, x):
        return self.low3(F.relu(self.low2(F.relu(self.low_in(x)))))

    def forward(self, x):
        up1 = self.up1(x)
        low = self.low(self.pool(x))
        up2 = self.up2(low)
        return up1 + up2
