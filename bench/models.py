"""The shapes of real models' parameters."""

Shapes = list[tuple[int, ...]]


def digits_mlp() -> Shapes:
    """The network of ``pyfastopt train``: 64-128-128-10."""
    return [(64, 128), (128,), (128, 128), (128,), (128, 10), (10,)]


def thousand_small() -> Shapes:
    """Many small arrays, where what counts is the cost of each."""
    return [(64,)] * 1000


def resnet50() -> Shapes:
    """ResNet-50 (He et al. 2016) for 1000 classes: 161 arrays, 25.6 million parameters."""

    def convolution(outputs, inputs, size):
        return [(outputs, inputs, size, size), (outputs,), (outputs,)]  # with its batch norm

    shapes = convolution(64, 3, 7)
    inputs = 64
    for width, blocks in [(64, 3), (128, 4), (256, 6), (512, 3)]:
        for block in range(blocks):
            shapes += convolution(width, inputs, 1)
            shapes += convolution(width, width, 3)
            shapes += convolution(4 * width, width, 1)
            if block == 0:
                shapes += convolution(4 * width, inputs, 1)
            inputs = 4 * width
    return [*shapes, (1000, 2048), (1000,)]


def gpt2_small() -> Shapes:
    """GPT-2 small (Radford et al. 2019): 148 arrays, 124 million parameters."""
    d = 768
    norm = [(d,), (d,)]
    block = [
        *norm,
        (d, 3 * d),
        (3 * d,),
        (d, d),
        (d,),
        *norm,
        (d, 4 * d),
        (4 * d,),
        (4 * d, d),
        (d,),
    ]
    return [(50257, d), (1024, d), *(block * 12), *norm]
