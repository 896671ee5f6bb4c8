import torch
import torch.nn as nn


class FactorizationMachine(nn.Module):
    def forward(self, x):
        square_of_sum = torch.sum(x, dim=1) ** 2
        sum_of_square = torch.sum(x ** 2, dim=1)
        ix = square_of_sum - sum_of_square
        return 0.5 * torch.sum(ix, dim=1, keepdim=True)


class DeepFM(nn.Module):
    def __init__(self, field_dims=(10, 20, 5, 8), n_dense=6, embed_dim=8, mlp_dims=(32, 16), dropout=0.2):
        super().__init__()
        self.embedding = nn.Embedding(sum(field_dims), embed_dim)
        self.linear = nn.EmbeddingBag(sum(field_dims), 1, mode="sum")
        offsets = [0]
        for d in field_dims[:-1]:
            offsets.append(offsets[-1] + d)
        self.register_buffer("offsets", torch.tensor(offsets, dtype=torch.long))
        self.fm = FactorizationMachine()
        self.dense = nn.Sequential(nn.Linear(n_dense, embed_dim * 2), nn.GLU())
        layers, in_dim = list(), (len(field_dims) + 1) * embed_dim
        for d in mlp_dims:
            layers.append(nn.Linear(in_dim, d))
            layers.append(nn.BatchNorm1d(d))
            layers.append(nn.SELU())
            layers.append(nn.AlphaDropout(p=dropout))
            in_dim = d
        layers.append(nn.Linear(in_dim, 1))
        self.mlp = nn.Sequential(*layers)
        torch.nn.init.xavier_uniform_(self.embedding.weight.data)

    def forward(self, cat, dense):
        cat = cat + self.offsets.unsqueeze(0)
        e = torch.cat([self.embedding(cat), self.dense(dense).unsqueeze(1)], dim=1)
        x = self.linear(cat) + self.fm(e) + self.mlp(e.flatten(1))
        return torch.sigmoid(x.squeeze(1))
