import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiScale(nn.Module):
    def __init__(self, k=4, n_cls=3):
        super().__init__()
        widths = [16, 32, 64]
        self.stages, self.boxes, self.classes = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        c = 3
        for w in widths:
            self.stages.append(nn.Conv2d(c, w, 3, stride=2, padding=1))
            self.boxes.append(nn.Conv2d(w, 4 * k, 3, padding=1))
            self.classes.append(nn.Conv2d(w, n_cls * k, 3, padding=1))
            c = w

    def forward(self, x):
        boxes, classes = [], []
        for stage, box, cls in zip(self.stages, self.boxes, self.classes):
            x = F.relu6(stage(x))
            boxes.append(box(x))
            classes.append(cls(x).permute(0, 2, 3, 1).flatten(1))
        classes = torch.cat(classes, dim=1)
        boxes = torch.cat([o.permute(0, 2, 3, 1) for o in boxes], dim=1)
        return boxes, classes
