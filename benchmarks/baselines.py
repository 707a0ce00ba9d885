"""What `course_code` is measured against, written as a competent user of each would write it."""

from __future__ import annotations

import numpy as np


def textbook(weights, X, y, learning_rate, steps):
    """The plain loop of a first course: full matrices, samples as columns, every gradient.

    Sigmoid at the end, cross-entropy, and the gradient of the input layer, which most such loops
    compute and do not use. Updates are in place; nothing is slow on purpose. Returns the costs.
    """
    W = [w.copy() for w in weights]
    b = [np.zeros((w.shape[0], 1)) for w in weights]
    X, y = np.ascontiguousarray(X.T), y[None, :]
    m, costs = X.shape[1], []
    for _ in range(steps):
        A = [X]
        for layer in range(len(W) - 1):
            A.append(np.tanh(W[layer] @ A[-1] + b[layer]))
        Z = W[-1] @ A[-1] + b[-1]
        # Cross-entropy from the logits, log(1 + e^Z) - y Z: that of a saturated sigmoid is NaN.
        costs.append(float((np.logaddexp(0, Z) - y * Z).sum() / m))
        dZ = 0.5 * (1 + np.tanh(0.5 * Z)) - y
        for layer in reversed(range(len(W))):
            dW, db = dZ @ A[layer].T / m, dZ.sum(axis=1, keepdims=True) / m
            dA = W[layer].T @ dZ
            if layer > 0:
                dZ = dA * (1 - A[layer] ** 2)
            W[layer] -= learning_rate * dW
            b[layer] -= learning_rate * db
    return np.array(costs)


def torch_network(network):
    """Return the same network in PyTorch, with the same parameters."""
    import torch

    activation = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[network.activation.name]
    layers = []
    for W, b in zip(network.weights, network.biases, strict=True):
        linear = torch.nn.utils.skip_init(
            torch.nn.Linear, *W.shape, dtype=torch.from_numpy(W).dtype
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, activation()]
    return torch.nn.Sequential(*layers[:-1])


def torch_training(network, X, y, learning_rate):
    """Return ``train(steps)``, which trains that network eagerly and returns the losses.

    One result is read at the end, not one a step; gradients are set to None, not to zero.
    """
    import torch

    dtype = torch.from_numpy(network.weights[0]).dtype
    model = torch_network(network)
    inputs, targets = torch.as_tensor(X, dtype=dtype), torch.as_tensor(y, dtype=dtype)[:, None]
    loss_function = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)

    def train(steps):
        losses = []
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_function(model(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).numpy()

    return train


def sklearn_training(hidden, X, y, learning_rate):
    """Return ``train(steps)``: one full batch of gradient descent for each partial_fit."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden, activation="tanh", solver="sgd", alpha=0.0, momentum=0.0, nesterovs_momentum=False,
        learning_rate_init=learning_rate, batch_size=len(X), shuffle=False, random_state=0,
    )  # fmt: skip
    model.partial_fit(X, y, classes=[0, 1])

    def train(steps):
        for _ in range(steps):
            model.partial_fit(X, y)

    return train
