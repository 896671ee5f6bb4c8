import torch
import torch.nn as nn


class YoloV3Head(nn.Module):
    """One detection scale of YOLOv3."""

    def __init__(self, anchors=((116, 90), (156, 198), (373, 326)), num_classes=20):
        super().__init__()
        self.anchors = torch.tensor(anchors, dtype=torch.float32)
        self.num_anchors = len(anchors)
        self.num_classes = num_classes
        self.conv = nn.Sequential(
            nn.Conv2d(64, 64, 3, 1, 1, bias=False),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.1),
        )
        self.pred = nn.Conv2d(64, self.num_anchors * (4 + num_classes), 1)

    def forward(self, x):
        out = self.pred(self.conv(x))
        b, _, gy, gx = out.size()
        out = out.view(b, self.num_anchors, self.num_classes + 5, gy, gx).permute(0, 1, 3, 4, 2)
        xy, wh, conf, cls = torch.split(out, [2, 2, 1, self.num_classes], dim=-1)
        wh = wh.exp() * self.anchors.view(1, -1, 1, 1, 2).to(x.device)
        return torch.cat([xy.sigmoid(), wh, conf.sigmoid(), cls.sigmoid()], -1).reshape(b, -1, 5 + self.num_classes)
