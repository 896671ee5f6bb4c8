import torch.nn as nn
from torch.nn import init


class SELayer(nn.Module):
    def __init__(self, channel, reduction=16):
        super(SELayer, self).__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, channel // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channel // reduction, channel, bias=False),
            nn.Sigmoid()
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class SENet(nn.Module):
    stages = [(32, 1), (64, 2), (64, 1)]

    def __init__(self, act="ReLU", num_classes=5):
        super().__init__()
        Act = getattr(nn, act)
        body, c = [], 3
        for width, stride in self.stages:
            body += [nn.Conv2d(c, width, 3, stride, "same" if stride == 1 else 1), nn.BatchNorm2d(width), Act(), SELayer(width)]
            c = width
        self.body = nn.Sequential(*body)
        self.pool = nn.AdaptiveMaxPool2d((None, 2))
        self.head = nn.Conv2d(c, num_classes, (1, 2))
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            init.xavier_uniform_(m.weight)
            if getattr(m, "bias", None) is not None:
                init.zeros_(m.bias)

    @property
    def num_params(self):
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def forward(self, x):
        x = self.head(self.pool(self.body(x)))
        return x.squeeze(-1).mean(-1)
