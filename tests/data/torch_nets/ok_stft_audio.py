import torch
import torch.nn as nn
import torch.nn.functional as F


class LogSpectrogram(nn.Module):
    def __init__(self, n_fft=400, hop_length=160, n_mels=40):
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.register_buffer("window", torch.hann_window(n_fft))
        self.register_buffer("mel", torch.rand(n_fft // 2 + 1, n_mels))

    def forward(self, wav):
        spec = torch.stft(wav, self.n_fft, self.hop_length, window=self.window, return_complex=True)
        power = spec.abs().pow(2)                      # B, F, T
        mel = torch.matmul(power.transpose(1, 2), self.mel).transpose(1, 2)
        return torch.log10(torch.clamp(mel, min=1e-10))


class SpeechCommand(nn.Module):
    def __init__(self, n_classes=35):
        super().__init__()
        self.frontend = LogSpectrogram()
        self.conv1 = nn.Conv2d(1, 16, (20, 8), padding=(0, 4))
        self.conv2 = nn.Conv2d(16, 16, (10, 4))
        self.gru = nn.GRU(input_size=16 * 2, hidden_size=24, batch_first=True)
        self.fc = nn.Linear(24, n_classes)

    def forward(self, wav):
        x = self.frontend(wav)
        x = (x - x.mean(dim=(1, 2), keepdim=True)) / (x.std(dim=(1, 2), keepdim=True) + 1e-5)
        x = x.unsqueeze(1)
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(x, (1, 2))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, (5, 2), ceil_mode=True)[:, :, :2]
        x = x.permute(0, 3, 1, 2).flatten(2)
        _, h = self.gru(x)
        return self.fc(h[-1])
