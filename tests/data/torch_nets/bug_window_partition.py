import torch
import torch.nn as nn


def to_windows(x, ws):
    b, h, w, c = x.shape
    x = x.view(b, h // ws, ws, w // ws, ws, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, ws * ws, c)


class WindowMixer(nn.Module):
    def __init__(self, dim=24, window=7, patch=4):
        super().__init__()
        self.window = window
        self.embed = nn.Conv2d(3, dim, patch, stride=patch)
        self.attn = nn.MultiheadAttention(dim, 3, batch_first=True)
        self.norm = nn.LayerNorm(dim)

    def forward(self, img):
        x = self.embed(img).permute(0, 2, 3, 1).contiguous()
        x = self.norm(x)
        win = to_windows(x, self.window)
        out, _ = self.attn(win, win, win, need_weights=False)
        return out.mean(1)
