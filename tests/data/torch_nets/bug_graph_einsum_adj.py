import torch
import torch.nn as nn


class SpatialConv(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1)

    def forward(self, x, A):
        return torch.einsum('nctv,vw->nctw', self.conv(x), A)


class STGCN(nn.Module):
    def __init__(self, n_class=6):
        super().__init__()
        self.gcn1, self.gcn2 = SpatialConv(3, 16), SpatialConv(16, 32)
        self.tcn = nn.Conv2d(32, 32, (9, 1), padding=(4, 0))
        self.fcn = nn.Conv2d(32, n_class, 1)

    def forward(self, x, A):
        x = torch.relu(self.gcn1(x, A))
        x = torch.relu(self.tcn(self.gcn2(x, A)))
        x = nn.functional.avg_pool2d(x, x.size()[2:])
        return self.fcn(x).flatten(1)
