from enum import Enum
from functools import reduce
from operator import mul

import torch
import torch.nn as nn


class Solver(Enum):
    EULER = "euler"
    RK4 = "rk4"


class ConcatConv2d(nn.Module):
    def __init__(self, dim_in, dim_out, ksize=3, stride=1, padding=0, transpose=False):
        super(ConcatConv2d, self).__init__()
        module = nn.ConvTranspose2d if transpose else nn.Conv2d
        self._layer = module(dim_in + 1, dim_out, kernel_size=ksize, stride=stride, padding=padding)

    def forward(self, t, x):
        tt = torch.ones_like(x[:, :1, :, :]) * t
        ttx = torch.cat([tt, x], 1)
        return self._layer(ttx)


class ODEfunc(nn.Module):
    def __init__(self, dim):
        super(ODEfunc, self).__init__()
        self.norm1 = nn.GroupNorm(min(32, dim), dim)
        self.relu = nn.ReLU(inplace=True)
        self.conv1 = ConcatConv2d(dim, dim, 3, 1, 1)
        self.nfe = 0

    def forward(self, t, x):
        self.nfe += 1
        return self.conv1(t, self.relu(self.norm1(x)))


class ODEClassifier(nn.Module):
    def __init__(self, dim=32, steps=4, solver=Solver.RK4):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, dim, 3, 1), nn.GroupNorm(8, dim), nn.ReLU(inplace=True), nn.Conv2d(dim, dim, 4, 2, 1))
        self.func = ODEfunc(dim)
        self.solver = Solver(solver)
        self.register_buffer("t", torch.linspace(0., 1., steps + 1))
        shape = (dim, 1, 1)
        self.fc = nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(reduce(mul, shape), 10))

    def step(self, t0, t1, x):
        dt = t1 - t0
        k1 = self.func(t0, x)
        if self.solver is Solver.EULER:
            return x + dt * k1
        k2 = self.func(t0 + dt / 2, x + dt * k1 / 2)
        k3 = self.func(t0 + dt / 2, x + dt * k2 / 2)
        k4 = self.func(t1, x + dt * k3)
        return x + dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6

    def forward(self, x):
        x = self.down(x)
        for t0, t1 in zip(self.t[:-1], self.t[1:]):
            x = self.step(t0, t1, x)
        return self.fc(x)
