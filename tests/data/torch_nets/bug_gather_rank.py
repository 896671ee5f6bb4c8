import torch
import torch.nn as nn
import torch.nn.functional as F


class QNet(nn.Module):
    def __init__(self, n_states=8, n_actions=5, n_hidden=64):
        super(QNet, self).__init__()
        self.fc1 = nn.Linear(n_states, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_hidden)
        self.value = nn.Linear(n_hidden, 1)
        self.advantage = nn.Linear(n_hidden, n_actions)

    def q_values(self, s):
        x = F.relu(self.fc1(s))
        x = F.relu(self.fc2(x))
        adv = self.advantage(x)
        return self.value(x) + adv - adv.mean(1, keepdim=True)

    def forward(self, s, actions):
        q = self.q_values(s)
        return q.gather(1, actions)
