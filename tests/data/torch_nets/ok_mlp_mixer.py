import torch.nn as nn
from dataclasses import dataclass


@dataclass
class MixerConfig:
    image_size: int = 32
    patch_size: int = 4
    hidden_dim: int = 48
    tokens_mlp_dim: int = 24
    channels_mlp_dim: int = 192
    num_blocks: int = 3
    num_classes: int = 10

    @property
    def num_tokens(self) -> int:
        return (self.image_size // self.patch_size) ** 2


class MlpBlock(nn.Module):
    def __init__(self, hidden_dim, mlp_dim):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(hidden_dim, mlp_dim),
            nn.GELU(),
            nn.Linear(mlp_dim, hidden_dim),
        )

    def forward(self, x):
        return self.mlp(x)


class MixerBlock(nn.Module):
    def __init__(self, cfg: MixerConfig):
        super().__init__()
        self.ln_token = nn.LayerNorm(cfg.hidden_dim)
        self.token_mix = MlpBlock(cfg.num_tokens, cfg.tokens_mlp_dim)
        self.ln_channel = nn.LayerNorm(cfg.hidden_dim)
        self.channel_mix = MlpBlock(cfg.hidden_dim, cfg.channels_mlp_dim)

    def forward(self, x):
        out = self.ln_token(x).transpose(1, 2)
        x = x + self.token_mix(out).transpose(1, 2)
        out = self.ln_channel(x)
        x = x + self.channel_mix(out)
        return x


class MlpMixer(nn.Module):
    def __init__(self, cfg: MixerConfig = MixerConfig()):
        super().__init__()
        self.patch_emb = nn.Conv2d(3, cfg.hidden_dim, cfg.patch_size, cfg.patch_size)
        self.mlp = nn.Sequential(*[MixerBlock(cfg) for _ in range(cfg.num_blocks)])
        self.ln = nn.LayerNorm(cfg.hidden_dim)
        self.fc = nn.Linear(cfg.hidden_dim, cfg.num_classes)

    def forward(self, x):
        x = self.patch_emb(x).flatten(2).transpose(1, 2)
        x = self.mlp(x)
        x = self.ln(x).mean(dim=1)
        return self.fc(x)
