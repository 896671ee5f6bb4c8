import torch
import torch.nn as nn


class Generator(nn.Module):
    def __init__(self, z=64, ch=16):
        super().__init__()
        self.project = nn.Linear(z, ch * 4 * 4)
        self.ch = ch
        self.net = nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(ch, ch, 3, padding=1), nn.ReLU(),
            nn.Upsample(scale_factor=4), nn.Conv2d(ch, 1, 3, padding=1), nn.Tanh())

    def forward(self, z):
        return self.net(self.project(z).view(-1, self.ch, 4, 4))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.Linear(28 * 28, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, 1))

    def forward(self, img):
        return self.net(img)


class GAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = Generator()
        self.discriminator = Discriminator()

    def forward(self, z):
        fake = self.generator(z)
        return self.discriminator(fake), fake
