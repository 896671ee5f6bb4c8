import torch.nn as nn
import torch.nn.functional as F


class Embedder(nn.Module):
    def __init__(self, emb=128):
        super(Embedder, self).__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, stride=2)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, stride=2)
        self.bn2 = nn.BatchNorm1d(64)
        self.fc = nn.Linear(64, emb)
        self.bn3 = nn.BatchNorm1d(emb, affine=False)

    def forward(self, img):
        x = F.selu(self.bn1(self.conv1(img)))
        x = F.selu(self.bn2(self.conv2(x)))
        x = F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]
        x = self.bn3(self.fc(x))
        return F.normalize(x, p=2, dim=1)
