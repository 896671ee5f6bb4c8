import torch
import torch.nn as nn
import torch.nn.functional as F


class SoftArgmax2D(nn.Module):
    def __init__(self, beta=100.0):
        super().__init__()
        self.beta = beta

    def forward(self, heatmap):
        B, K, H, W = heatmap.size()
        prob = F.softmax((heatmap * self.beta).reshape(B, K, H * W), dim=2).view(B, K, H, W)
        ys = torch.linspace(0, 1, H, device=heatmap.device)
        xs = torch.linspace(0, 1, W, device=heatmap.device)
        y = (prob.sum(dim=3) * ys).sum(dim=2)
        x = (prob.sum(2) * xs[None, None, :]).sum(2)
        return torch.stack((x, y), dim=2)


class PoseNet(nn.Module):
    def __init__(self, n_joints=7):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1), nn.CELU(),
            nn.Conv2d(24, 48, 3, 2, 1), nn.Softsign(),
        )
        self.deconv = nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1, groups=4, bias=False)
        self.heat = nn.Conv2d(24, n_joints, 1)
        self.soft = SoftArgmax2D()
        self.softmax2d = nn.Softmax2d()

    def forward(self, x, return_heatmap=True):
        heat = self.heat(self.deconv(self.backbone(x)))
        joints = self.soft(heat)
        bones = torch.cdist(joints, joints)
        idx = torch.argmax(heat.flatten(2), dim=-1)
        peak = torch.stack((idx % heat.shape[-1], torch.div(idx, heat.shape[-1], rounding_mode='floor')), -1)
        if return_heatmap:
            return joints, bones, peak.float(), self.softmax2d(heat)
        return joints
