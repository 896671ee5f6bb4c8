import torch
import torch.nn as nn


class AddCoords(nn.Module):
    def __init__(self, with_r=False):
        super().__init__()
        self.with_r = with_r

    def forward(self, input_tensor):
        batch_size, _, x_dim, y_dim = input_tensor.size()
        xx_channel = torch.arange(x_dim).repeat(1, y_dim, 1)
        yy_channel = torch.arange(y_dim).repeat(1, x_dim, 1).transpose(1, 2)
        xx_channel = xx_channel.float() / (x_dim - 1)
        yy_channel = yy_channel.float() / (y_dim - 1)
        xx_channel = xx_channel * 2 - 1
        yy_channel = yy_channel * 2 - 1
        xx_channel = xx_channel.repeat(batch_size, 1, 1, 1).transpose(2, 3)
        yy_channel = yy_channel.repeat(batch_size, 1, 1, 1).transpose(2, 3)
        ret = torch.cat([input_tensor, xx_channel.type_as(input_tensor), yy_channel.type_as(input_tensor)], dim=1)
        if self.with_r:
            rr = torch.sqrt(torch.pow(xx_channel.type_as(input_tensor) - 0.5, 2) + torch.pow(yy_channel.type_as(input_tensor) - 0.5, 2))
            ret = torch.cat([ret, rr], dim=1)
        return ret


class CoordConv(nn.Module):
    def __init__(self, in_channels, out_channels, with_r=False, **kwargs):
        super().__init__()
        self.addcoords = AddCoords(with_r=with_r)
        in_size = in_channels + 2
        if with_r:
            in_size += 1
        self.conv = nn.Conv2d(in_size, out_channels, **kwargs)

    def forward(self, x):
        return self.conv(self.addcoords(x))


class CoordNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = CoordConv(3, 16, with_r=True, kernel_size=3, stride=2, padding=1, dilation=1)
        self.c2 = CoordConv(16, 8, kernel_size=(1, 3), bias=False)
        self.pad = nn.ReplicationPad2d((1, 1, 0, 0))

    def forward(self, x):
        mask = torch.ones(x.shape[0], *x.shape[-2:], dtype=torch.bool)
        y_embed = mask.cumsum(1, dtype=torch.float32)
        y_embed = y_embed / (y_embed[:, -1:, :] + 1e-6)
        x = self.pad(self.c2(torch.relu(self.c1(x))))
        pos = nn.functional.interpolate(y_embed[None].transpose(0, 1), size=x.shape[-2:])
        return x + pos, x.flatten(2).sort(dim=-1, descending=True).values[..., :5]
