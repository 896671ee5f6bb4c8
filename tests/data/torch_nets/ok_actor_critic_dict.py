import collections

import torch
import torch.nn as nn
from torch.distributions import Categorical

PolicyOutput = collections.namedtuple("PolicyOutput", ["logits", "value"])


def layer_init(layer, std=2 ** 0.5, bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


class ActorCritic(nn.Module):
    def __init__(self, num_actions=6):
        super().__init__()
        self.network = nn.Sequential(
            layer_init(nn.Conv2d(4, 32, 8, stride=4)),
            nn.ReLU(),
            layer_init(nn.Conv2d(32, 64, 4, stride=2)),
            nn.ReLU(),
            layer_init(nn.Conv2d(64, 64, 3, stride=1)),
            nn.ReLU(),
            nn.Flatten(),
            layer_init(nn.Linear(64 * 7 * 7, 128)),
            nn.ReLU(),
        )
        self.actor = layer_init(nn.Linear(128, num_actions), std=0.01)
        self.critic = layer_init(nn.Linear(128, 1), std=1)

    def policy(self, obs):
        hidden = self.network(obs / 255.0)
        return PolicyOutput(logits=self.actor(hidden), value=self.critic(hidden).squeeze(-1))

    def get_action(self, obs):
        out = self.policy(obs)
        return Categorical(logits=out.logits).sample()

    def forward(self, obs, actions):
        out = self.policy(obs)
        log_probs = torch.log_softmax(out.logits, dim=-1)
        chosen = log_probs.gather(1, actions.unsqueeze(1)).squeeze(1)
        entropy = -(log_probs.exp() * log_probs).sum(-1)
        return {"log_prob": chosen, "entropy": entropy.mean(), "policy": out}
