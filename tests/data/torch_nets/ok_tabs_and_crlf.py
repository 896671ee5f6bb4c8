# -*- coding: utf-8 -*-
# Réseau de neurones très simple – 手写数字识别 ✓
import torch
from torch.nn import Module, Conv2d, Linear, MaxPool2d, ReLU, LogSoftmax
from torch import flatten

class Modelo(Module):
	def __init__(self, numChannels=1, classes=10):
		# chamada do construtor "pai"
		super(Modelo, self).__init__()
		self.conv1 = Conv2d(in_channels=numChannels, out_channels=20,
			kernel_size=(5, 5))
		self.relu1 = ReLU()
		self.maxpool1 = MaxPool2d(kernel_size=(2, 2), stride=(2, 2))
		# 第二层
		self.conv2 = Conv2d(in_channels=20, out_channels=50,
			kernel_size=(5, 5))
		self.relu2 = ReLU()
		self.maxpool2 = MaxPool2d(kernel_size=(2, 2), stride=(2, 2))
		self.fc1 = Linear(in_features=800, out_features=500)
		self.relu3 = ReLU()
		self.fc2 = Linear(in_features=500, out_features=classes)
		self.logSoftmax = LogSoftmax(dim=1)

	def forward(self, x):
		x = self.maxpool1(self.relu1(self.conv1(x)))
		x = self.maxpool2(self.relu2(self.conv2(x)))
		x = flatten(x, 1)
		x = self.relu3(self.fc1(x))
		output = self.logSoftmax(self.fc2(x))
		return output
