import torch
import torch.nn as nn
import torch.nn.functional as F


class SegNetLite(nn.Module):
    def __init__(self, n_classes=6):
        super().__init__()
        self.enc1 = nn.Conv2d(3, 16, 3, padding=1)
        self.enc2 = nn.Conv2d(16, 32, 3, padding=1)
        self.unpool = nn.MaxUnpool2d(2, stride=2)
        self.dec2 = nn.Conv2d(32, 16, 3, padding=1)
        self.dec1 = nn.Conv2d(16, n_classes, 3, padding=1)
        self.drop = nn.FeatureAlphaDropout(0.1)

    def forward(self, x):
        size1 = x.size()
        x = F.rrelu(self.enc1(x))
        x, idx1 = F.max_pool2d(x, kernel_size=2, stride=2, return_indices=True)
        size2 = x.size()
        x = F.elu(self.enc2(x))
        x, idx2 = F.max_pool2d_with_indices(x, 2, 2)

        x = self.unpool(x, idx2, output_size=size2[-2:])
        x = self.drop(F.leaky_relu(self.dec2(x), 0.2))
        x = self.unpool(x, idx1, output_size=size1[-2:])
        return F.logsigmoid(self.dec1(x))
