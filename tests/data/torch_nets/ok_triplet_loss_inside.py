import torch
from torch import nn
import torch.nn.functional as F


class EmbeddingNet(nn.Module):
    def __init__(self, normalize: bool = True):
        super().__init__()
        self.normalize = normalize
        self.convnet = nn.Sequential(nn.Conv2d(3, 32, 5), nn.PReLU(),
                                     nn.MaxPool2d(2, stride=2),
                                     nn.Conv2d(32, 64, 5), nn.PReLU(64),
                                     nn.MaxPool2d(2, stride=2))
        self.fc = nn.Sequential(nn.Linear(64 * 12 * 7, 256),
                                nn.PReLU(),
                                nn.Linear(256, 256),
                                nn.PReLU(),
                                nn.Linear(256, 2)
                                )

    def forward(self, x):
        output = self.convnet(x)
        output = output.view(output.size()[0], -1)
        output = self.fc(output)
        if self.normalize:
            output = output / output.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return output

    def get_embedding(self, x):
        return self.forward(x)


class TripletNet(nn.Module):
    def __init__(self, embedding_net=None, margin=0.2):
        super(TripletNet, self).__init__()
        self.embedding_net = embedding_net if embedding_net is not None else EmbeddingNet()
        self.margin = margin
        self.distance = nn.PairwiseDistance(p=2)
        self.criterion = nn.TripletMarginLoss(margin=margin)

    def forward(self, anchor, positive, negative):
        a, p, n = (self.embedding_net(t) for t in (anchor, positive, negative))
        d_pos = (a - p).pow(2).sum(1)
        d_neg = F.pairwise_distance(a, n)
        loss = F.relu(d_pos - d_neg + self.margin).mean() + self.criterion(a, p, n)
        acc = (self.distance(a, p) < d_neg).float().mean()
        return loss, acc, torch.stack([a, p, n])
