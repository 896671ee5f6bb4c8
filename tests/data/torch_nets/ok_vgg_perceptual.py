from collections import namedtuple

import torch
import torch.nn.functional as F
from torchvision import models


class PerceptualNet(torch.nn.Module):
    def __init__(self, requires_grad=False):
        super(PerceptualNet, self).__init__()
        vgg_features = models.vgg11(weights=None).features
        self.slice1 = torch.nn.Sequential()
        self.slice2 = torch.nn.Sequential()
        for x in range(3):
            self.slice1.add_module(str(x), vgg_features[x])
        for x in range(3, 8):
            self.slice2.add_module(str(x), vgg_features[x])
        if not requires_grad:
            for param in self.parameters():
                param.requires_grad = False

    def features(self, X):
        h = self.slice1(X)
        h_relu1 = h
        h = self.slice2(h)
        out = namedtuple("VggOutputs", ['relu1', 'relu2'])
        return out(h_relu1, h)

    @staticmethod
    def gram_matrix(y):
        (b, ch, h, w) = y.size()
        features = y.view(b, ch, w * h)
        features_t = features.transpose(1, 2)
        gram = features.bmm(features_t) / (ch * h * w)
        return gram

    def forward(self, x, y):
        fx, fy = self.features(x), self.features(y)
        content = F.mse_loss(fx.relu2, fy.relu2)
        style = sum(F.l1_loss(self.gram_matrix(a), self.gram_matrix(b)) for a, b in zip(fx, fy))
        return content + 1e-3 * style, self.gram_matrix(fx[0])
