"""The questions that the chapters ask before an explorer shows: predict, then reveal.

Tests hold the numbers in the replies to what the explorers compute.
"""

from __future__ import annotations

from .mechanism import Prediction

XOR_OR_MOONS = Prediction(
    "A straight line gets nine of ten moons right, and about half of the XOR points. From the "
    "Xavier start, which data set does the network bring to a loss of 0.05 in fewer steps?",
    {
        "moons": "No: moons take about 250 steps, XOR about 170. See why: play both. On the moons "
        "the network finds the line first, and then stays near that half solution, where the "
        "gradient is small. Two of its seven draws are still there after 1000 steps.",
        "XOR": "Yes: XOR takes about 170 steps, moons about 250. On the moons the network finds "
        "the line first, and then stays near that half solution, where the gradient is small. "
        "Two of its seven draws are still there after 1000 steps.",
        "about the same": "No: XOR takes about 170 steps, moons about 250. On the moons the "
        "network finds the line first, and then stays near that half solution, where the gradient "
        "is small. Two of its seven draws are still there after 1000 steps.",
    },
)

WHO_LEAVES_LOG_2 = Prediction(
    "Weights from N(0, 0.01²) give every point the probability one half: the loss is log 2. On "
    "which data does it fall within 1000 steps?",
    {
        "on none": "The gradient is tiny, but it is not zero, and it grows with the weights. On "
        "the moons every draw gets away after 300 to 460 steps; on circles and XOR none does.",
        "on the moons, but not on circles and XOR": "Yes. The moons' features covary with the "
        "label, so there is a direction in which tiny weights help at first order, and they grow: "
        "the loss falls after 300 to 460 steps. On circles and XOR no feature covaries with the "
        "label. Chapter 4 has the theory.",
        "on all, only later": "On the moons it does, after 300 to 460 steps. On circles and XOR "
        "no feature covaries with the label, and after 1000 steps no draw has moved.",
    },
)

HOW_FAR_DOWN = Prediction(
    "ReLU, 50 layers, weight scale 0.1: going forward, float32 loses the signal at about layer 40. "
    "A gradient of size 1 starts at layer 50 and shrinks at the same rate. How far down does it "
    "get before float32 loses it?",
    {
        "about as far, to layer 11": "That would be so if the slopes were those of a living "
        "signal. But above layer 39 all pre-activations are exactly 0, and so is ReLU's slope "
        "there: the gradient ends at once. With tanh, whose slope at 0 is 1, it gets to layer 5.",
        "to layer 1": "No. Even without the dead layers it would end at about layer 11. And above "
        "layer 39 all pre-activations are exactly 0, and so is ReLU's slope there: the gradient "
        "ends at once. With tanh, whose slope at 0 is 1, it gets to layer 5.",
        "nowhere": "Right. Above layer 39 all pre-activations are exactly 0, and so is ReLU's "
        "slope there: the gradient ends at once. With tanh, whose slope at 0 is 1, it gets to "
        "layer 5.",
    },
)

ONE_UNIT_ON_XOR = Prediction(
    "All weights start at 0.5, and all units of a layer stay equal. How many of the XOR points "
    "are right after 1000 steps?",
    {
        "half of them, as from zeros": "More: from the constant the gradients are not zero, and "
        "a network of one unit a layer learns. It gets 72 % right, with one line.",
        "about three quarters": "Yes, 72 %: a network of equal units is a function of one "
        "direction and draws one line. The best single line for XOR cuts off one of the four "
        "quadrants.",
        "nearly all": "That takes units that differ. Equal ones are a function of one direction: "
        "one line, 72 % right.",
    },
)

SIGMOID_FROM_XAVIER = Prediction(
    "Xavier's rule assumes an activation that is nearly the identity around 0. With tanh it "
    "solves XOR in about 170 steps. What does it do with the sigmoid, in 1000 steps?",
    {
        "the same": "No: the typical draw has hardly left log 2. The sigmoid's slope at 0 is 1/4, "
        "not 1, so each layer shrinks the signal and the gradient to a quarter.",
        "it needs about four times as many steps": "It is worse: two hidden layers lose a factor "
        "of 4 each, forward and again backward. After 1000 steps the typical draw has hardly left "
        "log 2.",
        "it hardly leaves log 2": "Right. The sigmoid's slope at 0 is 1/4, not 1, so each of the "
        "two hidden layers shrinks the signal and the gradient to a quarter.",
    },
)

SCALE_FOR_SIGMOID = Prediction(
    "The sigmoid's slope at 0 is 1/4. At which weight scale does a gradient keep its size through "
    "50 sigmoid layers?",
    {
        "1": "At 1 the gradient has shrunk to about 1e−31 after 50 layers.",
        "4": "That would be right if the signal stayed in the linear regime, 4 times 1/4 being 1. "
        "It does not: the pre-activations settle at 2.4, where most slopes are below 1/4. The "
        "gradient shrinks to 1e−10.",
        "about 10": "Right: about 10. At 4, where 4 times the slope 1/4 is 1, pre-activations "
        "settle at 2.4, most slopes are below 1/4, and the gradient shrinks to 1e−10.",
    },
)

XAVIER_WITH_RELU = Prediction(
    "With ReLU, Xavier's rule lets each hidden layer halve the mean square of the signal. In "
    "thirty layers that is fatal. And in the network 2-6-6-1, on XOR?",
    {
        "it stays at log 2": "No: two hidden layers lose a factor of 2 in size, not 2¹⁵. The "
        "typical Xavier draw reaches a loss of 0.05 after about 110 steps, He's after about 80.",
        "it learns, a little later than from He": "Yes: two hidden layers lose a factor of 2 in "
        "size. The typical Xavier draw reaches a loss of 0.05 after about 110 steps, He's after "
        "about 80.",
        "it learns several times more slowly": "No: about 110 steps to a loss of 0.05, against 80 "
        "from He. Two hidden layers lose a factor of 2 in size, and training soon makes up for it.",
    },
)

TANH_AT_HES_SCALE = Prediction(
    "The weight scale √2 = 1.41 keeps a ReLU signal at its size. What does the same scale do to "
    "tanh, through 50 layers?",
    {
        "the signal explodes": "It cannot: tanh saturates. The pre-activations settle at 0.79. "
        "What grows is the gradient: 7.7-fold in theory, 6- to 13-fold in the five draws.",
        "the signal keeps a size, and the gradient grows": "Right. The pre-activations settle at "
        "0.79, and the gradient grows 7.7-fold in theory, 6- to 13-fold in the five draws.",
        "both keep their size": "The signal does: the pre-activations settle at 0.79. The "
        "gradient grows 7.7-fold in theory, 6- to 13-fold in the five draws.",
    },
)

LIMIT_OR_CONDITION = Prediction(
    "Gradient descent is stable up to a rate of 0.0034 on the raw features, 1.5 on the "
    "standardized ones and 7.9 on the min-max scaled ones. On which does it need the fewest "
    "steps, each at its best rate?",
    {
        "min-max: it allows the largest rate": "No. The limit is two over the largest curvature, "
        "and a flatter surface needs the larger rate to move as far. What counts is the condition "
        "number: 15.3 for min-max, 2.0 for the standardized features. They need 17 and 3 steps.",
        "standardized": "Yes: 3 steps, against 17 for min-max and 54 for raw. What counts is the "
        "condition number, 2.0 against 15.3 and 60.2, not the limit.",
        "raw": "No: 54 steps. Its condition number is 60.2, against 15.3 for min-max (17 steps) "
        "and 2.0 for the standardized features (3 steps).",
    },
)
