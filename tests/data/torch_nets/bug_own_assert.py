import torch
import torch.nn as nn


class PatchViT(nn.Module):
    def __init__(self, patch_size=16, dim=32):
        super().__init__()
        self.p = patch_size
        self.proj = nn.Linear(3 * patch_size * patch_size, dim)
        enc = nn.TransformerEncoderLayer(dim, 4, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.enc = nn.TransformerEncoder(enc, num_layers=1)

    def patchify(self, imgs):
        n, c, h, w = imgs.shape
        assert h % self.p == 0 and w % self.p == 0, f"image {h}x{w} does not fit patch {self.p}"
        gh, gw = h // self.p, w // self.p
        x = imgs.reshape(shape=(n, c, gh, self.p, gw, self.p))
        x = torch.einsum('nchpwq->nhwpqc', x)
        return x.reshape(shape=(n, gh * gw, self.p ** 2 * c))

    def forward(self, imgs):
        return self.enc(self.proj(self.patchify(imgs))).mean(dim=1)
