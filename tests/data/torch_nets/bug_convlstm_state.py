import torch
import torch.nn as nn


class Cell(nn.Module):
    def __init__(self, cin, hid):
        super().__init__()
        self.hid = hid
        self.gates = nn.Conv2d(cin + hid, 4 * hid, 3)

    def forward(self, x, state):
        h, c = state
        i, f, o, g = self.gates(torch.cat((x, h), 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class Forecaster(nn.Module):
    def __init__(self, hid=8):
        super().__init__()
        self.cell = Cell(1, hid)
        self.out = nn.Conv2d(hid, 1, 1)

    def forward(self, frames):
        b, t, _, h, w = frames.shape
        state = (frames.new_zeros(b, self.cell.hid, h, w), frames.new_zeros(b, self.cell.hid, h, w))
        for frame in frames.unbind(1):
            state = self.cell(frame, state)
        return self.out(state[0])
