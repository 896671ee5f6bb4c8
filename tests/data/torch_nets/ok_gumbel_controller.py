import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import einsum
from math import log2, sqrt


def exists(val):
    return val is not None


def default(val, d):
    return val if exists(val) else d


def eval_decorator(fn):
    def inner(model, *args, **kwargs):
        was_training = model.training
        model.eval()
        out = fn(model, *args, **kwargs)
        model.train(was_training)
        return out
    return inner


class DiscreteVAE(nn.Module):
    def __init__(self, image_size=32, num_tokens=64, codebook_dim=32, num_layers=2, hidden_dim=16, channels=3, temperature=0.9, hard=False, kl_div_loss_weight=0.):
        super().__init__()
        assert log2(image_size).is_integer(), 'image size must be a power of 2'
        assert num_layers >= 1, 'number of layers must be greater than or equal to 1'
        self.num_tokens, self.temperature, self.hard = num_tokens, temperature, hard
        self.codebook = nn.Embedding(num_tokens, codebook_dim)
        enc_chans = [hidden_dim] * num_layers
        dec_chans = list(reversed(enc_chans))
        enc_chans = [channels, *enc_chans]
        dec_chans = [codebook_dim, *dec_chans]
        enc_chans_io, dec_chans_io = map(lambda t: list(zip(t[:-1], t[1:])), (enc_chans, dec_chans))
        enc_layers, dec_layers = [], []
        for (enc_in, enc_out), (dec_in, dec_out) in zip(enc_chans_io, dec_chans_io):
            enc_layers.append(nn.Sequential(nn.Conv2d(enc_in, enc_out, 4, stride=2, padding=1), nn.ReLU()))
            dec_layers.append(nn.Sequential(nn.ConvTranspose2d(dec_in, dec_out, 4, stride=2, padding=1), nn.ReLU()))
        enc_layers.append(nn.Conv2d(enc_chans[-1], num_tokens, 1))
        dec_layers.append(nn.Conv2d(dec_chans[-1], channels, 1))
        self.encoder = nn.Sequential(*enc_layers)
        self.decoder = nn.Sequential(*dec_layers)

    @torch.no_grad()
    @eval_decorator
    def get_codebook_indices(self, images):
        logits = self.encoder(images)
        return logits.argmax(dim=1).flatten(1)

    def decode(self, img_seq):
        image_embeds = self.codebook(img_seq)
        b, n, d = image_embeds.shape
        h = w = int(sqrt(n))
        return self.decoder(image_embeds.view(b, h, w, d).permute(0, 3, 1, 2))

    def forward(self, img, temp=None):
        logits = self.encoder(img)
        soft_one_hot = F.gumbel_softmax(logits, tau=default(temp, self.temperature), dim=1, hard=self.hard)
        sampled = einsum('b n h w, n d -> b d h w', soft_one_hot, self.codebook.weight)
        out = self.decoder(sampled)
        recon = self.decode(self.get_codebook_indices(img))
        return out, recon
