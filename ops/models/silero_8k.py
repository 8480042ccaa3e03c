"""Makes `engine/media/models/silero_vad_8k.onnx` from the model file of the vendor's wheel (silero-vad 6, MIT licence).

    uv run --with onnx python -m ops.models.silero_8k silero_vad.onnx engine/media/models/silero_vad_8k.onnx

Same weights, same answers (to 1e-5), half the time: the vendor's graph serves two sample rates and spells its recurrent
cell out in some twenty operators; ours knows 8 kHz only and uses ONNX's own LSTM, which the runtime has fused.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

INPUT_SAMPLES: Final = 288
"""32 of the window before, 256 new ones."""
HIDDEN: Final = 128
_WEIGHTS: Final = "model_8k."
_FFT_HOP: Final = 64
_ENCODER_STRIDES: Final = (1, 2, 2, 1)


class _Graph:
    """Nodes and constants, gathered."""

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        self._weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str) -> NDArray[Any]:
        return self._weights[_WEIGHTS + name]

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), **attributes))


def derive(vendor: Any) -> Any:
    """The vendor's model -> ours: `input` [1, 1, 288], `h` and `c` [1, 1, 128] -> `probability` [1, 1], `h_next`,
    `c_next`."""
    graph = _Graph({tensor.name: numpy_helper.to_array(tensor) for tensor in vendor.graph.initializer})
    _spectrum(graph)
    _encoder(graph)
    _decoder(graph)
    state = ("h", "c"), ("h_next", "c_next")
    inputs = [_tensor("input", INPUT_SAMPLES), *(_tensor(name, HIDDEN) for name in state[0])]
    probability = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, 1])
    outputs = [probability, *(_tensor(name, HIDDEN) for name in state[1])]
    made = helper.make_graph(graph.nodes, "silero_vad_8k", inputs, outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _tensor(name: str, width: int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, width])


def _spectrum(graph: _Graph) -> None:
    """Magnitudes of a short-time Fourier transform, as a convolution."""
    graph.node("Pad", ["input", graph.constant("pads", np.array([0, 0, 0, 0, 0, 32]))], ["padded"], mode="reflect")
    basis = graph.constant("basis", graph.weight("stft.forward_basis_buffer"))
    graph.node("Conv", ["padded", basis], ["spectrum"], strides=[_FFT_HOP])
    graph.node("Mul", ["spectrum", "spectrum"], ["squares"])
    graph.node("Split", ["squares"], ["real", "imaginary"], axis=1, num_outputs=2)
    graph.node("Add", ["real", "imaginary"], ["power"])
    graph.node("Sqrt", ["power"], ["layer0"])


def _encoder(graph: _Graph) -> None:
    for number, stride in enumerate(_ENCODER_STRIDES):
        kernel, pads = graph.weight(f"encoder.{number}.reparam_conv.weight"), [1, 1]
        if number == len(_ENCODER_STRIDES) - 1:  # one step of time is left: only the kernel's middle meets it
            kernel, pads = kernel[:, :, 1:2], [0, 0]
        names = [
            graph.constant(f"kernel{number}", kernel),
            graph.constant(f"bias{number}", graph.weight(f"encoder.{number}.reparam_conv.bias")),
        ]
        graph.node("Conv", [f"layer{number}", *names], [f"convolved{number}"], strides=[stride], pads=pads)
        graph.node("Relu", [f"convolved{number}"], [f"layer{number + 1}"])


def _decoder(graph: _Graph) -> None:
    rnn = {name: graph.weight(f"decoder.rnn.{name}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    biases = np.concatenate([_gates(rnn["bias_ih"]), _gates(rnn["bias_hh"])])
    graph.node("Reshape", [f"layer{len(_ENCODER_STRIDES)}", graph.constant("row", np.array([1, 1, HIDDEN]))], ["step"])
    weights = [
        graph.constant("lstm_input", _gates(rnn["weight_ih"])[None]),
        graph.constant("lstm_recurrence", _gates(rnn["weight_hh"])[None]),
        graph.constant("lstm_bias", biases[None]),
    ]
    graph.node("LSTM", ["step", *weights, "", "h", "c"], ["", "h_next", "c_next"], hidden_size=HIDDEN)
    graph.node("Relu", ["h_next"], ["rectified"])
    graph.node("Reshape", ["rectified", graph.constant("flat", np.array([1, HIDDEN]))], ["hidden"])
    output = [
        graph.constant("output_weight", graph.weight("decoder.decoder.2.weight")[0]),
        graph.constant("output_bias", graph.weight("decoder.decoder.2.bias")),
    ]
    graph.node("Gemm", ["hidden", *output], ["logit"])
    graph.node("Sigmoid", ["logit"], ["probability"])


def _gates(stacked: NDArray[Any]) -> NDArray[Any]:
    """The four gates from torch's order (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    i, f, c, o = np.split(stacked, 4)
    return np.concatenate([i, o, f, c])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vendor", type=Path, help="the vendor's silero_vad.onnx")
    parser.add_argument("output", type=Path)
    chosen = parser.parse_args()
    onnx.save(derive(onnx.load(chosen.vendor)), chosen.output)


if __name__ == "__main__":
    main()
