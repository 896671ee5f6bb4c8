import torch
import torch.nn as nn
import torch.nn.functional as F
from typing import Dict


class FPN(nn.Module):
    def __init__(self, channels=(16, 32, 64), out_channels: int = 24):
        super().__init__()
        prev = 3
        self.backbone = nn.ModuleDict()
        for i, c in enumerate(channels, start=2):
            self.backbone[f"c{i}"] = nn.Sequential(nn.Conv2d(prev, c, 3, 2, 1), nn.BatchNorm2d(c), nn.ReLU())
            prev = c
        self.lateral = nn.ModuleDict({f"p{i}": nn.Conv2d(c, out_channels, 1) for i, c in enumerate(channels, 2)})
        self.smooth = nn.ModuleDict({k: nn.Conv2d(out_channels, out_channels, 3, padding=1) for k in self.lateral})

    def _upsample_add(self, x, y):
        '''Upsample and add two feature maps (sizes may be odd).'''
        _, _, H, W = y.size()
        return F.interpolate(x, size=(H, W), mode='bilinear', align_corners=False) + y

    def forward(self, x) -> Dict[str, torch.Tensor]:
        feats = {}
        for name, stage in self.backbone.items():
            x = stage(x)
            feats[name.replace("c", "p")] = x
        names = sorted(feats, reverse=True)
        out, last = {}, None
        for n in names:
            lat = self.lateral[n](feats[n])
            last = lat if last is None else self._upsample_add(last, lat)
            out[n] = self.smooth[n](last)
        out["pool"] = F.max_pool2d(out[names[0]], 1, stride=2)
        return out
