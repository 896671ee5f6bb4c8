import torch
import torch.nn as nn


class Probe:
    """Keeps the mean activation of a module."""

    def __init__(self, module):
        self.hook = module.register_forward_hook(self.hook_fn)

    def hook_fn(self, module, input, output):
        self.features = output.detach().mean(dim=(0, 2, 3))

    def close(self):
        self.hook.remove()


class HookedClassifier(nn.Module):
    activations: dict

    def __init__(self):
        super().__init__()
        self.activations = {}
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Hardtanh(), nn.LPPool2d(2, 2))
        self.mid = nn.Conv2d(8, 12, 3, padding='valid', padding_mode='circular')
        self.norm = nn.LocalResponseNorm(2)
        self.head = nn.Bilinear(12, 12, 5)
        self.probe = Probe(self.mid)
        for name in ("stem", "norm"):
            getattr(self, name).register_forward_hook(self.save(name))

    def save(self, name):
        def hook(_module, _input, output):
            self.activations[name] = output
        return hook

    def forward(self, x):
        y = self.norm(self.mid(self.stem(x)))
        left = self.activations["norm"].flatten(2).mean(-1)
        right = self.probe.features.expand(x.shape[0], -1)
        if torch.is_grad_enabled() and y.requires_grad:
            y.retain_grad()
        return self.head(left, right), self.activations["stem"].shape[-1]
