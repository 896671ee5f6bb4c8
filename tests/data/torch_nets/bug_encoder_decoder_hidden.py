import torch
import torch.nn as nn


class Seq2Seq(nn.Module):
    def __init__(self, src_vocab=80, tgt_vocab=90, emb=24, hid=40):
        super().__init__()
        self.src_emb = nn.Embedding(src_vocab, emb)
        self.tgt_emb = nn.Embedding(tgt_vocab, emb)
        self.encoder = nn.GRU(emb, hid, bidirectional=True, batch_first=True)
        self.decoder = nn.GRU(emb, hid, batch_first=True)
        self.generator = nn.Linear(hid, tgt_vocab)

    def forward(self, src, tgt):
        memory, hidden = self.encoder(self.src_emb(src))
        decoded, _ = self.decoder(self.tgt_emb(tgt), hidden)
        return torch.log_softmax(self.generator(decoded), dim=-1)
