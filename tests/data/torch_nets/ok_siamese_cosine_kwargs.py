import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class ContrastiveModel(nn.Module):
    """SimCLR / BYOL style: online encoder, target copy without gradients."""

    def __init__(self, dim=32, proj=16):
        super().__init__()
        self.online = nn.Sequential(
            nn.Conv2d(3, dim, 3, stride=2), nn.BatchNorm2d(dim), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(dim, proj))
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad_(False)
        self.predictor = nn.Linear(proj, proj)
        self.cos = nn.CosineSimilarity(dim=-1)

    @torch.no_grad()
    def update_target(self, tau=0.99):
        for o, t in zip(self.online.parameters(), self.target.parameters()):
            t.data = tau * t.data + (1 - tau) * o.data

    def forward(self, view1, *, view2, temperature=None):
        z1, z2 = F.normalize(self.online(view1), dim=1), F.normalize(self.online(view2), dim=1)
        with torch.no_grad():
            t2 = self.target(view2)
        n = z1.shape[0]
        z = torch.cat([z1, z2], dim=0)
        sim = z @ z.t()
        if temperature is not None:
            sim = sim / temperature
        sim.fill_diagonal_(float("-inf"))
        labels = torch.cat([torch.arange(n) + n, torch.arange(n)])
        byol = 2 - 2 * self.cos(self.predictor(z1), t2).mean()
        return F.cross_entropy(sim, labels) + byol, sim, self.cos(z1[:, None], z2[None])
