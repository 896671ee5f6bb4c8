import torch
import torch.nn as nn
from torchvision import models, transforms

data_transforms = {
    'train': transforms.Compose([
        transforms.RandomResizedCrop(224),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    ]),
}


class Classifier(nn.Module):
    def __init__(self, num_classes=2, freeze=True):
        super().__init__()
        resnet = models.resnet18(weights=None)
        if freeze:
            for param in resnet.parameters():
                param.requires_grad = False
        num_ftrs = resnet.fc.in_features
        self.backbone = nn.Sequential(*list(resnet.children())[:-2])
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(num_ftrs, num_classes)

    def forward(self, x):
        x = self.backbone(x)
        x = self.pool(x).view(x.size(0), -1)
        return self.fc(x)
