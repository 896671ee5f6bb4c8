import torch
import torch.nn as nn


class MatrixFactorization(nn.Module):
    def __init__(self, n_users=100, n_items=500, dim=16):
        super().__init__()
        self.user_emb = nn.Embedding(n_users, dim)
        self.item_emb = nn.Embedding(n_items, dim)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        self.user_emb.weight.data.uniform_(0, 0.05)
        self.item_emb.weight.data.uniform_(0, 0.05)

    def forward(self, user_ids, item_ids):
        user = self.user_emb(user_ids)
        item = self.item_emb(item_ids)
        dot = (user * item).sum(1, keepdim=True)
        rating = dot + self.user_bias(user_ids) + self.item_bias(item_ids)
        return rating.squeeze()
