import torch
import torch.nn as nn
import torch.optim as optim


class SequentialLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(8, 32),
            nn.Tanh(),
            nn.LSTM(32, 64, batch_first=True),
            nn.Dropout(0.1),
            nn.Linear(64, 1),
        )

    def forward(self, x):
        return self.net(x)


model = SequentialLSTM()
loss_fn = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=1e-3)
