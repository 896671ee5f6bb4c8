import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionPool(nn.Module):
    def __init__(self, dim, att_dim):
        super().__init__()
        self.proj = nn.Linear(dim, att_dim)
        self.context = nn.Parameter(torch.rand(att_dim))

    def forward(self, x, mask=None):
        u = torch.tanh(self.proj(x))
        scores = u.matmul(self.context)
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        alpha = F.softmax(scores, dim=-1)
        return torch.bmm(alpha.unsqueeze(1), x).squeeze(1), alpha


class HAN(nn.Module):
    def __init__(self, vocab_size=1000, emb=30, hidden=20, n_classes=5, pretrained_weight=None):
        super().__init__()
        if pretrained_weight is not None:
            self.emb = nn.Embedding.from_pretrained(pretrained_weight, freeze=False)
        else:
            self.emb = nn.Embedding.from_pretrained(torch.zeros(vocab_size, emb), freeze=True)
        self.word_gru = nn.GRU(emb, hidden, bidirectional=True, batch_first=True)
        self.word_att = AttentionPool(2 * hidden, 2 * hidden)
        self.sent_gru = nn.GRU(2 * hidden, hidden, bidirectional=True, batch_first=True)
        self.sent_att = AttentionPool(2 * hidden, 2 * hidden)
        self.label = nn.Linear(2 * hidden, n_classes)

    def forward(self, documents):
        n_docs, n_sents, n_words = documents.shape
        words = documents.reshape(-1, n_words)
        mask = words.ne(0)
        out, _ = self.word_gru(self.emb(words))
        sents, word_alpha = self.word_att(out, mask)
        sents = sents.view(n_docs, n_sents, -1)
        out, _ = self.sent_gru(sents)
        docs, sent_alpha = self.sent_att(out)
        scores = self.label(docs)
        return scores, word_alpha.view(n_docs, n_sents, n_words), sent_alpha
