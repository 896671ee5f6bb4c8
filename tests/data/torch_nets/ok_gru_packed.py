import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class PackedGRU(nn.Module):
    def __init__(self, n_words=300, emb=32, hid=48, n_out=2, pad_idx=0):
        super().__init__()
        self.embedding = nn.Embedding(n_words, emb, padding_idx=pad_idx)
        self.rnn = nn.GRU(emb, hid, num_layers=2, bidirectional=True, dropout=0.2)
        self.norm = nn.LayerNorm(hid * 2)
        self.fc = nn.Linear(hid * 2, n_out)

    def forward(self, text, lengths):
        # text = [batch, sent len] -> [sent len, batch]
        embedded = self.embedding(text).permute(1, 0, 2)
        packed = pack_padded_sequence(embedded, lengths.to('cpu'), enforce_sorted=False)
        packed_output, hidden = self.rnn(packed)
        output, output_lengths = pad_packed_sequence(packed_output, total_length=text.size(1))
        # hidden = [n layers * n directions, batch, hid dim]
        hidden = torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)
        return self.fc(self.norm(hidden)), output
