# SPDX-License-Identifier: Apache-2.0
"""The networks of `measure networks` as ONNX: timm's Vision Transformer, opset 20."""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

EPSILON = 1e-6
HEAD_WIDTH = 64
NETS = ("teacher", "student")


def load(path):
    """Returns (teacher's tensors, student's tensors, patches [1, n, values])."""
    tensors = load_file(path)
    nets = [{name.split(".", 1)[1]: value for name, value in tensors.items() if name.startswith(net + ".")}
            for net in NETS]
    for net in nets:
        fold_normalisation(net, tensors["mean"], tensors["std"])
    return (*nets, tensors["patches"][None])


def fold_normalisation(net, mean, std):
    """Moves (x - mean) / std into the patch embedding."""
    weight = net["patch_embed.proj.weight"] / std.reshape(1, 3, 1, 1)
    net["patch_embed.proj.bias"] = net["patch_embed.proj.bias"] - (weight * mean.reshape(1, 3, 1, 1)).sum((1, 2, 3))
    net["patch_embed.proj.weight"] = weight


class Graph:
    """Builds a graph; each method returns the name of a value."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(value), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def add(self, kind, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, x, weight, bias):
        return self.add("Add", self.add("MatMul", x, self.constant(weight.T)), self.constant(bias))

    def norm(self, x, weight, bias):
        return self.add("LayerNormalization", x, self.constant(weight), self.constant(bias), axis=-1, epsilon=EPSILON)

    def attention(self, x, net, block, width):
        heads = width // HEAD_WIDTH
        split = self.constant(numpy.array([0, 0, heads, HEAD_WIDTH]))
        qkv = self.linear(x, net[block + "attn.qkv.weight"], net[block + "attn.qkv.bias"])
        q, k, v = self.add("Split", qkv, outputs=3, axis=2, num_outputs=3)
        q, k, v = (self.add("Transpose", self.add("Reshape", part, split), perm=order)
                   for part, order in ((q, (0, 2, 1, 3)), (k, (0, 2, 3, 1)), (v, (0, 2, 1, 3))))
        q = self.add("Mul", q, self.constant(numpy.float32(HEAD_WIDTH ** -0.5)))
        mixed = self.add("MatMul", self.add("Softmax", self.add("MatMul", q, k), axis=-1), v)
        mixed = self.add("Reshape", self.add("Transpose", mixed, perm=(0, 2, 1, 3)),
                         self.constant(numpy.array([0, 0, width])))
        return self.linear(mixed, net[block + "attn.proj.weight"], net[block + "attn.proj.bias"])


def to_onnx(net):
    """patches [1, n, values] -> tokens [1, 1 + n, width], after the final norm."""
    width, values = net["patch_embed.proj.weight"].shape[0], net["patch_embed.proj.weight"][0].size
    count = net["pos_embed"].shape[1]
    graph = Graph()
    x = graph.linear("patches", net["patch_embed.proj.weight"].reshape(width, values), net["patch_embed.proj.bias"])
    x = graph.add("Concat", graph.constant(net["cls_token"]), x, axis=1)
    x = graph.add("Add", x, graph.constant(net["pos_embed"]))
    for index in range(sum(name.endswith("norm1.weight") for name in net)):
        block = f"blocks.{index}."
        normed = graph.norm(x, net[block + "norm1.weight"], net[block + "norm1.bias"])
        x = graph.add("Add", x, graph.attention(normed, net, block, width))
        normed = graph.norm(x, net[block + "norm2.weight"], net[block + "norm2.bias"])
        hidden = graph.linear(normed, net[block + "mlp.fc1.weight"], net[block + "mlp.fc1.bias"])
        hidden = graph.add("Gelu", hidden, approximate="none")
        x = graph.add("Add", x, graph.linear(hidden, net[block + "mlp.fc2.weight"], net[block + "mlp.fc2.bias"]))
    x = graph.norm(x, net["norm.weight"], net["norm.bias"])
    made = helper.make_graph(
        graph.nodes, "vit",
        [helper.make_tensor_value_info("patches", TensorProto.FLOAT, [1, count - 1, values])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, count, width])], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model
