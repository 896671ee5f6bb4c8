import torch
from torch import nn


class DETR(nn.Module):
    """
    Demo DETR implementation, batch of one image
    """
    def __init__(self, num_classes=91, hidden_dim=64, nheads=8, num_encoder_layers=1, num_decoder_layers=1):
        super().__init__()

        # create a small backbone
        self.backbone = nn.Sequential()
        c = 3
        for i, d in enumerate((16, 32, 64)):
            self.backbone.add_module(f"conv{i}", nn.Conv2d(c, d, 3, 2, 1))
            self.backbone.add_module(f"act{i}", nn.ReLU())
            c = d
        self.conv = nn.Conv2d(64, hidden_dim, 1)

        # create a default PyTorch transformer
        self.transformer = nn.Transformer(
            hidden_dim, nheads, num_encoder_layers, num_decoder_layers, 128)

        # prediction heads, one extra class for predicting non-empty slots
        self.linear_class = nn.Linear(hidden_dim, num_classes + 1)
        self.linear_bbox = nn.Linear(hidden_dim, 4)

        # output positional encodings (object queries)
        self.query_pos = nn.Parameter(torch.rand(20, hidden_dim))

        # spatial positional encodings
        self.row_embed = nn.Parameter(torch.rand(50, hidden_dim // 2))
        self.col_embed = nn.Parameter(torch.rand(50, hidden_dim // 2))

    def forward(self, inputs):
        x = self.backbone(inputs)
        h = self.conv(x)

        # construct positional encodings
        H, W = h.shape[-2:]
        pos = torch.cat([
            self.col_embed[:W].unsqueeze(0).repeat(H, 1, 1),
            self.row_embed[:H].unsqueeze(1).repeat(1, W, 1),
        ], dim=-1).flatten(0, 1).unsqueeze(1)

        # propagate through the transformer
        h = self.transformer(pos + 0.1 * h.flatten(2).permute(2, 0, 1),
                             self.query_pos.unsqueeze(1).repeat(1, h.size(0), 1)).transpose(0, 1)

        return {'pred_logits': self.linear_class(h),
                'pred_boxes': self.linear_bbox(h).sigmoid()}
