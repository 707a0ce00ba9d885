"""The code behind the course: initializers, a network, its training and its diagnosis, in NumPy.

One idea a module::

    from course_code import initializers, network, training

Arrays in, arrays out: rows are samples, a weight is ``(fan_in, fan_out)``, a layer is
``X @ W + b``. Randomness is always an explicit ``numpy.random.Generator``.
"""

__version__ = "0.1.0"
