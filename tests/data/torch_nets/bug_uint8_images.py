import torch
import torch.nn as nn
import gym


class NatureCNN(nn.Module):
    def __init__(self, n_actions=4):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(4, 32, kernel_size=8, stride=4, padding=0), nn.ReLU(),
            nn.Conv2d(32, 64, kernel_size=4, stride=2, padding=0), nn.ReLU(),
            nn.Conv2d(64, 64, kernel_size=3, stride=1, padding=0), nn.ReLU(),
            nn.Flatten(),
        )
        with torch.no_grad():
            n_flatten = self.features(torch.zeros(1, 4, 84, 84)).shape[1]
        self.head = nn.Linear(n_flatten, n_actions)

    def forward(self, obs):
        x = self.features(obs)
        return self.head(x)


def make_env(env_id):
    return gym.make(env_id)
