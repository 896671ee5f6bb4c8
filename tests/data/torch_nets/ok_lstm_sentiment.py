import torch
import torch.nn as nn


class SentimentLSTM(nn.Module):
    """
    The RNN model that will be used to perform Sentiment analysis.
    """

    def __init__(self, vocab_size=5000, output_size=1, embedding_dim=100, hidden_dim=64, n_layers=2, drop_prob=0.5):
        super().__init__()
        self.output_size = output_size
        self.n_layers = n_layers
        self.hidden_dim = hidden_dim
        # embedding and LSTM layers
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, n_layers,
                            dropout=drop_prob, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_dim * 2, output_size)
        self.sig = nn.Sigmoid()

    def forward(self, x, hidden=None):
        batch_size = x.size(0)
        if hidden is None:
            hidden = self.init_hidden(batch_size)
        embeds = self.embedding(x.long())
        lstm_out, (h_n, c_n) = self.lstm(embeds, hidden)
        # last layer, both directions
        h_n = h_n.view(self.n_layers, 2, batch_size, self.hidden_dim)
        last = torch.cat((h_n[-1, 0], h_n[-1, 1]), dim=1)
        out = self.fc(self.dropout(last))
        sig_out = self.sig(out)
        sig_out = sig_out.view(batch_size, -1)
        return sig_out[:, -1], (h_n, c_n)

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        return (weight.new(self.n_layers * 2, batch_size, self.hidden_dim).zero_(),
                weight.new(self.n_layers * 2, batch_size, self.hidden_dim).zero_())
