import torch
import torch.nn as nn


class Generator(nn.Module):
    def __init__(self, g_input_dim=64, g_output_dim=784):
        super(Generator, self).__init__()
        self.fc1 = nn.Linear(g_input_dim, 256)
        self.fc2 = nn.Linear(self.fc1.out_features, self.fc1.out_features*2)
        self.fc3 = nn.Linear(self.fc2.out_features, g_output_dim)

    # forward method
    def forward(self, z):
        x = F.leaky_relu(self.fc1(z), 0.2)
        x = F.leaky_relu(self.fc2(x), 0.2)
        return torch.tanh(self.fc3(x)).view(-1, 1, 28, 28)
