import torch.nn as nn


class StockLSTM(nn.Module):

    def __init__(self, input_dim=5, hidden_dim=32, output_dim=1):
        super(StockLSTM, self).__init__()
        self.lstm1 = nn.LSTM(input_dim, hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.lstm2 = nn.LSTM(hidden_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        x, _ = self.lstm1(x)
        x = self.dropout(x)
        x = self.lstm2(x)
        x = self.fc(x[:, -1, :])
        return x
