"""Rules of designs that fit and are still wrong."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

RULES = (
    Rule(
        "pixels-dropped",
        "warning",
        prose("""A stride does not tile its input: rows or columns at the far edge are read by no
            window."""),
        prose("""What stands there has no influence on the output, and the output is shifted against
            the input. It is counted where nothing else reads the same map, behind padding, and
            behind the last whole step: a stride larger than the kernel is taken as meant."""),
        prose("""Choose an input that leaves nothing over (`cnnshape inputs` lists such sizes), set
            `ceil_mode`, or pad the far edge."""),
        text("""
            input: [1, 28, 28]
            layers:
              - {name: conv1, type: conv2d, out_channels: 32, kernel_size: 3}
              - relu
              - {name: pool1, type: max_pool2d, kernel_size: 2}
              - {name: conv2, type: conv2d, out_channels: 64, kernel_size: 3}
              - relu
              - {name: pool2, type: max_pool2d, kernel_size: 2}
        """),
        reference=prose("""Dumoulin and Visin 2016, A guide to convolution arithmetic for deep
            learning, section 2.4."""),
    ),
    Rule(
        "same-differs",
        "note",
        prose("""A padding that follows from the size (`same`, `same_lower`) is uneven, with a
            stride, or before the input."""),
        prose("""Keras and ONNX (`SAME_UPPER`) put the odd value behind, `SAME_LOWER` before;
            PyTorch pads both sides alike, and its `same` takes no stride. Shapes may agree, values
            do not: trained weights give other results after a port."""),
        prose("""To take the model to PyTorch, pad in a layer of its own before it. One note is made
            for all such layers of a model."""),
        text("""
            input: [3, 224, 224]
            layers:
              - name: conv1
                type: conv2d
                out_channels: 32
                kernel_size: 3
                stride: 2
                padding: same
              - relu
        """),
        reference=prose("""TensorFlow, `tf.nn.convolution`, notes on padding; ONNX, `Conv`,
            `auto_pad`; PyTorch, `Conv2d`."""),
    ),
    Rule(
        "dead-padding",
        "warning",
        prose("""Weights of a kernel meet nothing but padding, whatever the output: of 3×3 on a map
            of 1×1 the centre alone is used."""),
        prose("""The other weights get no gradient and change nothing; the layer is a smaller one
            that costs more. Large dilations do it too."""),
        prose("""Use a smaller kernel and less padding, a smaller dilation, or keep the maps larger
            up to there: fewer strides, a larger input."""),
        text("""
            input: [64, 8, 8]
            layers:
              - {name: pool1, type: max_pool2d, kernel_size: 8}
              - {name: conv1, type: conv2d, out_channels: 64, kernel_size: 3, padding: 1}
        """),
        reference=prose("""Chen et al. 2017, Rethinking Atrous Convolution for Semantic Image
            Segmentation, section 3.3."""),
    ),
    Rule(
        "checkerboard",
        "warning",
        "The stride of a transposed convolution does not divide its kernel.",
        prose("""Neighbouring outputs are then sums of unequal numbers of values, which shows as a
            checkerboard in what is generated; training has to learn it away."""),
        prose("""Use a kernel that the stride divides, 4 for a stride of 2, or `upsample` before a
            convolution of stride 1."""),
        text("""
            input: [64, 8, 8]
            layers:
              - {name: up, type: conv_transpose2d, out_channels: 3, kernel_size: 3, stride: 2}
        """),
        reference="Odena, Dumoulin and Olah 2016, Deconvolution and Checkerboard Artifacts.",
    ),
    Rule(
        "bias-before-norm",
        "warning",
        "A bias is added to each channel just before a normalisation that subtracts its mean.",
        prose("""The mean takes the bias away again: it is stored and updated without any effect.
            Layer norm and group norm take means over several channels, so a bias before them
            counts."""),
        "Write `bias: false`; the normalisation has a bias of its own.",
        text("""
            input: [3, 32, 32]
            layers:
              - {name: conv1, type: conv2d, out_channels: 16, kernel_size: 3}
              - {name: bn1, type: batch_norm2d}
              - relu
        """),
        reference="Ioffe and Szegedy 2015, Batch Normalization, section 3.2.",
    ),
    Rule(
        "norm-of-one",
        "warning",
        "A mean is taken of a single value: of a map of 1×1, of a group of one channel.",
        prose("""A value less itself is 0, whatever it was. A batch norm takes its means over the
            samples too, so it works, but not for a batch of one, for which PyTorch raises an error
            in training. Batch norm of features, (N, C), is left alone."""),
        prose("""Normalise where the maps are larger, take larger groups, or see to it that no batch
            has one sample (`drop_last`)."""),
        text("""
            input: [64, 8, 8]
            layers:
              - {name: pool, type: adaptive_avg_pool2d, output_size: 1}
              - {name: conv1, type: conv2d, out_channels: 32, kernel_size: 1, bias: false}
              - {name: bn1, type: batch_norm2d}
              - relu
        """),
        reference=prose("""Ioffe and Szegedy 2015, Batch Normalization, algorithm 1; PyTorch,
            `BatchNorm2d`."""),
    ),
    Rule(
        "linear-after-linear",
        "warning",
        prose("""Two linear layers, or convolutions, follow each other with nothing but views and
            dropout between."""),
        prose("""Together they are one linear map: depth without a nonlinearity adds nothing that
            one layer cannot do. Left alone are factorisations, which save weights: fewer channels
            between than on either side, groups, 1×7 and 7×1."""),
        "Put an activation between them, or make them one layer.",
        text("""
            input: [784]
            layers:
              - {name: fc1, type: linear, out_features: 256}
              - dropout
              - {name: fc2, type: linear, out_features: 10}
        """),
        reference=prose("""Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.1;
            Szegedy et al. 2015, Rethinking the Inception Architecture, section 3.1."""),
    ),
    Rule(
        "softmax-before-loss",
        "warning",
        prose("""The loss applies softmax itself and the model ends in one, or it reads logarithms
            and the model gives probabilities."""),
        prose("""Softmax applied twice is nearly even: the loss cannot get small and learning is
            slow. Log-softmax twice is the same as once, computed twice. The negative
            log-likelihood of probabilities is no likelihood."""),
        prose("""Leave the softmax out with `cross_entropy`; with `nll_loss` end in
            `log_softmax`."""),
        text("""
            input: [64]
            loss: cross_entropy
            layers:
              - {name: fc, type: linear, out_features: 10}
              - softmax
        """),
        reference="PyTorch, `CrossEntropyLoss` and `NLLLoss`.",
    ),
    Rule(
        "unused-layer",
        "warning",
        "Nothing reads what a layer gives, and it is no output.",
        prose("""It costs time and memory, its weights never get a gradient; most often a `from` or
            an entry of `outputs` is missing. What leads to it alone is named with it."""),
        "Read it where it was meant to be read, name it in `outputs`, or leave it out.",
        text("""
            input: [3, 32, 32]
            layers:
              - {name: conv1, type: conv2d, out_channels: 8, kernel_size: 3}
              - {name: side, type: conv2d, out_channels: 8, kernel_size: 1}
              - {name: main, type: relu, from: conv1}
        """),
        reference="PyTorch, DistributedDataParallel, `find_unused_parameters`.",
    ),
    Rule(
        "bottleneck",
        "warning",
        prose("""One layer holds more than 90 % of all parameters of a model, and more than a
            million."""),
        prose("""Nearly always it is the first linear layer behind a `flatten` of large maps. It
            takes most of the memory and overfits first."""),
        prose("""Make the maps smaller before it, with a stride or a pooling, or use
            `global_avg_pool`."""),
        text("""
            input: [1, 28, 28]
            layers:
              - {name: conv1, type: conv2d, out_channels: 32, kernel_size: 3, padding: 1}
              - relu
              - flatten
              - {name: fc1, type: linear, out_features: 128}
              - relu
              - {name: fc2, type: linear, out_features: 10}
        """),
        reference="Lin, Chen and Yan 2014, Network In Network, section 3.2.",
    ),
    Rule(
        "field-exceeds-input",
        "note",
        prose("""Convolutions whose input sees more than the whole image already, by whatever way it
            comes."""),
        prose("""They add no context, and in classifiers that were measured they add no accuracy
            either. It is a note, since other tasks may want them. A shortcut that sees less keeps
            the layers behind it useful, and so does a branch."""),
        "Leave such layers out, take larger inputs, or make the first strides smaller.",
        text("""
            input: [3, 16, 16]
            layers:
              - {type: conv2d, out_channels: 16, kernel_size: 7, padding: 3}
              - relu
              - {type: conv2d, out_channels: 16, kernel_size: 7, padding: 3}
              - relu
              - {type: conv2d, out_channels: 16, kernel_size: 7, padding: 3}
              - relu
              - {name: late, type: conv2d, out_channels: 16, kernel_size: 7, padding: 3}
              - relu
        """),
        reference=prose("""Richter et al. 2021, Should You Go Deeper? Optimizing Convolutional
            Neural Network Architectures without Training."""),
    ),
    Rule(
        "field-too-small",
        "warning",
        prose("""A limit asks for a receptive field that the output has and the last features have
            not."""),
        prose("""Behind a `flatten` or a global pooling every output sees all of the input, and the
            limit holds. What it is about is what one feature sees: an object larger than that is
            never seen whole."""),
        "Add layers, larger kernels, dilation or strides before the last features.",
        text("""
            input: [3, 64, 64]
            limits: {receptive_field: ">= 32"}
            layers:
              - {name: conv1, type: conv2d, out_channels: 16, kernel_size: 3, padding: 1}
              - relu
              - global_avg_pool
              - {type: linear, out_features: 10}
        """),
        reference=prose("""Araujo, Norris and Sim 2019, Computing Receptive Fields of Convolutional
            Neural Networks."""),
    ),
    Rule(
        "not-aligned",
        "warning",
        "Branches meet whose receptive fields do not lie on top of each other.",
        prose("""The layer joins values that look at different places. Nothing is wrong with the
            shapes. The middle is that of the first output."""),
        prose("""Give the branches the same strides, and odd kernels a padding of half their size on
            both sides."""),
        text("""
            input: [4, 32, 32]
            layers:
              - {name: left, type: conv2d, out_channels: 4, kernel_size: 2, stride: 2}
              - name: right
                type: conv2d
                from: input
                out_channels: 4
                kernel_size: 3
                stride: 2
                padding: 1
              - {name: sum, type: add, from: [left, right]}
        """),
        reference=prose("""Araujo, Norris and Sim 2019, Computing Receptive Fields of Convolutional
            Neural Networks, section on alignment."""),
    ),
)
