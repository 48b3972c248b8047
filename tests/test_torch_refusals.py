"""pyfastopt.torch: what is refused, so that nothing has changed, and threads."""

import copy
import pickle
import threading

import numpy as np
import pytest
from threads import run_threads
from torch_models import optim, torch


def refused(params, grads, error, message, make=optim.Adam, **options):
    """Nothing has changed after the error, and the optimizer goes on."""
    good = torch.nn.Parameter(torch.ones(2))
    good.grad = torch.ones(2)
    params = [good, *params]
    optimizer = make(params, **options)
    for p, grad in zip(params[1:], grads, strict=True):
        p.grad = grad
    before = [p.detach().clone() for p in params]
    with pytest.raises(error, match=message):
        optimizer.step()
    assert not optimizer.state
    for p, b in zip(params, before, strict=True):
        assert p.is_meta or torch.equal(p, b)
    for p in params[1:]:
        p.grad = None
    optimizer.step()
    assert not torch.equal(good, before[0])


PLACE = r"param_groups\[0\]\['params'\]\[1\]"


@pytest.mark.parametrize("other", [torch.bfloat16, torch.float16, torch.float8_e4m3fn], ids=str)
def test_other_types_are_refused(other):
    p = torch.nn.Parameter(torch.ones(3, dtype=other))
    message = f"{PLACE}.*{other}.*use dense float32 or float64 tensors on the CPU"
    refused([p], [torch.ones_like(p)], TypeError, message)


def test_other_devices_are_refused():
    p = torch.nn.Parameter(torch.ones(3, device="meta"))
    refused([p], [torch.ones_like(p)], TypeError, "device meta is not supported")


def test_tensors_of_too_many_dimensions_are_refused():
    p = torch.nn.Parameter(torch.ones([1] * 65))
    refused([p], [torch.ones_like(p)], TypeError, "ndim 65, .* of at most 64 dimensions")


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ({"lr": -1.0}, "lr = -1 must be >= 0 to begin with"),
        ({"maximize": "no"}, "maximize = 'no' m"),
    ],
)
def test_new_groups_are_checked_as_arguments_are(group, message):
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises((TypeError, ValueError), match=rf"param_groups\[0\]: {message}"):
        optim.Lion([{"params": [p], **group}])
    optimizer = optim.Lion([p])
    with pytest.raises((TypeError, ValueError), match=rf"param_groups\[1\]: {message}"):
        optimizer.add_param_group({"params": [torch.ones(2)], **group})
    assert len(optimizer.param_groups) == 1


def test_shared_memory_is_refused():
    memory = torch.ones(4)
    p = torch.nn.Parameter(memory[:3])
    refused([p], [memory[1:]], ValueError, rf"{PLACE}\.grad: shares memory")
    q = torch.nn.Parameter(torch.ones(()).expand(3))
    refused([q], [torch.ones(3)], ValueError, f"{PLACE}: elements share memory")
    r = torch.nn.Parameter(memory[1:])
    message = r"\['params'\]\[2\]: shares memory with param_groups"
    refused([p, r], [torch.ones(3), torch.ones(3)], ValueError, message)


@pytest.mark.parametrize("key", ["clip_valeu", "eps_hatt", "weigth_decay", "num_threads"])
def test_keys_that_are_nearly_options_are_refused(key):
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    with pytest.raises(TypeError, match=f"'{key}'; did you mean '|{key} is one for all groups"):
        optim.Adam([{"params": [p], key: 1.0}])
    optimizer = optim.Adam([{"params": [p], "name": "mine"}])
    optimizer.step()
    before = p.detach().clone()
    optimizer.param_groups[0][key] = 1.0
    with pytest.raises(TypeError, match=f"'{key}'; did you mean '|{key} is one for all groups"):
        optimizer.step()
    assert torch.equal(p, before)
    del optimizer.param_groups[0][key]
    optimizer.step()


def test_negated_views_are_refused():
    p = torch.nn.Parameter(torch.ones(2))
    grad = torch.ones(2, dtype=torch.complex64).conj().imag
    assert grad.is_neg()
    refused([p], [grad], ValueError, rf"{PLACE}\.grad: its negation .*\.resolve_neg\(\)")
    q = torch.nn.Parameter(grad)
    refused([q], [torch.ones(2)], ValueError, f"{PLACE}: its negation")
    p.grad = torch.ones(2)
    optimizer = optim.SGD([p], momentum=0.9)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = torch._neg_view(torch.ones(2))
    with pytest.raises(ValueError, match="momentum_buffer: its negation"):
        optimizer.step()


def test_negated_gradients_that_lie_as_others_do_are_refused():
    p = torch.nn.Parameter(torch.ones(2))
    refused([p], [torch._neg_view(torch.ones(2))], ValueError, rf"{PLACE}\.grad: its negation")


def negated(count):
    return torch.ones(count, dtype=torch.complex64).conj().imag


@pytest.mark.parametrize(
    "grad", [negated(2), negated(2).as_strided((2,), (1,)), negated(1).expand(2)]
)
def test_negated_gradients_are_refused_in_every_step(grad):
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = torch.ones(2)
    optimizer.step()
    p.grad = grad
    with pytest.raises(ValueError, match=r"\.grad: its negation"):
        optimizer.step()
    assert not p.any()


def test_parameters_and_state_that_become_negated_are_refused():
    part = torch.ones(2, dtype=torch.complex64)
    p, q = torch.nn.Parameter(part.imag), torch.nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([p, q], lr=1.0, momentum=0.9)
    p.grad, q.grad = torch.ones(2), torch.ones(2)
    optimizer.step()
    buffer = torch.zeros(2, dtype=torch.complex64)
    optimizer.state[q]["momentum_buffer"] = buffer.imag
    optimizer.step()
    optimizer.state[q]["momentum_buffer"].data = buffer.conj().imag
    with pytest.raises(ValueError, match="momentum_buffer: its negation"):
        optimizer.step()
    del optimizer.state[q]["momentum_buffer"]
    p.data = part.conj().imag
    with pytest.raises(ValueError, match=r"\[0\]: its negation"):
        optimizer.step()


def test_a_single_gradient_in_memory_that_is_not_aligned_for_complex_numbers():
    floats = np.ones(5, np.float32)
    at = 0 if floats.ctypes.data % 8 else 1
    number = torch.view_as_complex(torch.from_numpy(floats[at : at + 2]))
    p = torch.nn.Parameter(torch.ones(()))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = torch.ones(())
    optimizer.step()
    p.grad = number.conj().imag
    with pytest.raises(ValueError, match=r"\.grad: its negation"):
        optimizer.step()


def test_complex_gradients_of_either_sign_are_resolved():
    number = torch.ones(2, dtype=torch.complex64)
    for grad in (number.conj(), torch._neg_view(number), torch._neg_view(number.conj())):
        p, q = (torch.nn.Parameter(number.clone()) for _ in range(2))
        p.grad = q.grad = grad
        optim.SGD([p], lr=0.5).step()
        torch.optim.SGD([q], lr=0.5).step()
        assert torch.equal(p, q)


@pytest.mark.parametrize(
    ("name", "options", "option", "value"),
    [
        ("FTRL", {}, "learning_rate_power", 0.0),
        ("FTRL", {}, "initial_accumulator_value", 0.5),
        ("Yogi", {}, "initial_accumulator_value", 0.5),
        ("Adagrad", {}, "initial_accumulator_value", 0.5),
        ("SGD", {"momentum": 0.9}, "lr_inside", True),
        ("RMSprop", {"momentum": 0.9}, "lr_inside", True),
        ("LARS", {}, "lr_inside", False),
        ("Adam", {"amsgrad": True}, "amsgrad_corrected", True),
    ],
)
@pytest.mark.parametrize("at_once", ["nothing", "another key", "another group", "copied"])
def test_what_state_holds_cannot_change_between_steps(name, options, option, value, at_once):
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = getattr(optim, name)([p], **options)
    present = optimizer.param_groups[0].setdefault(option, False)
    p.grad = torch.ones(2)
    optimizer.step()
    saved = optimizer.state_dict()
    before = p.detach().clone()
    if at_once == "copied":
        (p, optimizer), q = copy.deepcopy((p, optimizer)), p
        optimizer = pickle.loads(pickle.dumps(optimizer))
        (p,) = optimizer.param_groups[0]["params"]
        p.grad = torch.ones(2)
    (group,) = optimizer.param_groups
    group[option] = value
    if at_once == "another key":
        group["extra"] = 1
    elif at_once == "another group":
        optimizer.add_param_group({"params": [q]})
    for _ in range(2):
        with pytest.raises(
            ValueError, match=rf"param_groups\[0\]: {option} = {value:g} would change"
        ):
            optimizer.step()
        assert torch.equal(p, before)
    group[option] = present
    optimizer.step()
    # With a checkpoint, the state is another, of that one's options.
    saved["param_groups"][0][option] = value
    fresh = getattr(optim, name)([p])
    fresh.load_state_dict(saved)
    fresh.param_groups[0][option] = present
    with pytest.raises(
        ValueError, match=rf"param_groups\[0\]: {option} = {present:g} would change"
    ):
        fresh.step()
    fresh.param_groups[0][option] = value
    fresh.step()


def test_a_misspelled_option_in_the_place_of_another_key_is_refused():
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([{"params": [p], "name": "mine"}])
    p.grad = torch.ones(2)
    optimizer.step()
    (group,) = optimizer.param_groups
    del group["name"]
    group["wieght_decay"] = 0.5
    with pytest.raises(TypeError, match="did you mean 'weight_decay'"):
        optimizer.step()


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("complex_dtype", [torch.complex64, torch.complex128])
def test_negated_single_gradients_are_refused_in_every_step(shape, place, complex_dtype):
    part = torch.ones(3, dtype=complex_dtype).conj().imag[place].reshape(shape)
    assert part.is_neg()
    assert part.is_contiguous()
    first, scalar = (
        torch.nn.Parameter(torch.ones(shape, dtype=part.dtype)) for shape in [(2,), shape]
    )
    optimizer = optim.SGD([first, scalar], lr=1.0)
    first.grad, scalar.grad = torch.ones_like(first), torch.ones_like(scalar)
    optimizer.step()
    scalar.grad = part
    with pytest.raises(ValueError, match=rf"{PLACE}\.grad: its negation"):
        optimizer.step()
    assert not first.any()


def test_a_gradient_that_changes_another_where_its_sign_is_asked():
    first, second = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    grads = [torch.ones(3), torch.ones(6)[::2]]

    class Meddler(torch.Tensor):
        def is_neg(self):
            grads[0].untyped_storage().resize_(0)
            return False

    first.grad, second.grad = grads[0], grads[1].as_subclass(Meddler)
    with pytest.raises(TypeError, match=r"\['params'\]\[0\]\.grad: .* memory was freed"):
        optim.SGD([first, second], lr=1.0).step()
    assert (first == 1).all()
    assert (second == 1).all()


@pytest.mark.parametrize("option", ["capturable", "differentiable"])
def test_capturable_and_differentiable_are_refused(option):
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(ValueError, match=f"{option} = True is not supported"):
        optim.Adam([p], **{option: True})
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.param_groups[0][option] = True
    with pytest.raises(ValueError, match=f"{option} = True is not supported"):
        optimizer.step()


def test_a_rate_in_two_elements_is_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.SGD([p])
    optimizer.param_groups[0]["lr"] = torch.tensor([0.1, 0.2])
    with pytest.raises((TypeError, ValueError), match=r"lr = tensor\(\[0.1000, 0.2000\]\) must be"):
        optimizer.step()


def test_options_out_of_range_are_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    before = p.detach().clone()
    optimizer.param_groups[0]["eps"] = -1.0
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^param_groups\[0\]: eps = -1 must be a"):
            optimizer.step()
    assert torch.equal(p, before)
    assert optimizer.state[p]["step"] == 1
    optimizer.param_groups[0]["eps"] = 0.0
    optimizer.step()


def test_one_thread_at_a_time():
    p = torch.nn.Parameter(torch.ones(20_000_000))
    p.grad = torch.ones_like(p)
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.num_threads = 1
    results = []

    def step():
        try:
            optimizer.step()
            results.append(1)
        except RuntimeError as error:
            assert "in one thread at a time" in str(error)  # noqa: PT017
            results.append(0)

    run_threads(step, step, step, step)
    assert len(results) == 4
    assert p.unique().tolist() == [1.0 - sum(results)]


def test_loading_waits_for_a_step():
    p = torch.nn.Parameter(torch.ones(200_000))
    p.grad = torch.ones_like(p)
    optimizer = optim.Adam([p], lr=0.0)
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    errors = []

    def load():
        try:
            for _ in range(300):
                optimizer.load_state_dict(saved)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    while thread.is_alive():
        optimizer.step()
    thread.join()
    assert not errors


@pytest.mark.parametrize("bad", [0, -1, 1025, "2", 1.5, True])
def test_numbers_of_threads(bad):
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([p])
    assert optimizer.num_threads is None
    optimizer.num_threads = 2
    with pytest.raises((TypeError, ValueError), match=f"num_threads = {bad!r} must be"):
        optimizer.num_threads = bad
    assert copy.deepcopy(optimizer).num_threads == 2
    assert pickle.loads(pickle.dumps(optimizer)).num_threads == 2


def test_state_that_does_not_fit_is_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    before = p.detach().clone()
    optimizer.state[p]["exp_avg"] = torch.zeros(3)
    with pytest.raises(ValueError, match=r"'s exp_avg: shape \(3,\) differs"):
        optimizer.step()
    optimizer.state[p]["exp_avg"] = torch.zeros(2)
    optimizer.state[p]["step"] = torch.tensor(-1.0)
    with pytest.raises(ValueError, match="step = -1"):
        optimizer.step()
    assert torch.equal(p, before)


def two_parameters():
    params = [torch.nn.Parameter(torch.ones(6)) for _ in range(2)]
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer = optim.Adam(params, lr=0.1)
    optimizer.step()
    return params, optimizer, [optimizer.state[p] for p in params]


ALIASES = {
    "another parameter": lambda params, states: params[0].data,
    "its own parameter": lambda params, states: params[1].data,
    "the same state of another": lambda params, states: states[0]["exp_avg"],
    "its other state": lambda params, states: states[1]["exp_avg_sq"],
    "a part of its other state": lambda params, states: states[1]["exp_avg_sq"].as_strided(
        (6,), (0,)
    ),
}


@pytest.mark.parametrize("alias", ALIASES.values(), ids=ALIASES)
def test_state_that_shares_memory(alias):
    params, optimizer, states = two_parameters()
    states[1]["exp_avg"] = alias(params, states)
    before = [p.detach().clone() for p in params]
    with pytest.raises(ValueError, match=r"\['params'\]\[1\]'s exp_avg(_sq)?: shares memory with"):
        optimizer.step()
    assert all(map(torch.equal, before, params))


STEPS = {
    "empty": lambda params, states: torch.zeros(0),
    "two elements": lambda params, states: torch.ones(2),
    "a fraction": lambda params, states: torch.tensor(1.5),
    "negative": lambda params, states: torch.tensor(-1.0),
    "complex": lambda params, states: torch.tensor(1 + 1j),
    "beyond float64": lambda params, states: 10**400,
    "not a number": lambda params, states: torch.tensor(float("nan")),
    "of another parameter": lambda params, states: states[0]["step"],
    "a view of a parameter": lambda params, states: params[1].data[0],
    "a view of the state": lambda params, states: states[0]["exp_avg"][3],
}


@pytest.mark.parametrize("make", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("new_plan", [False, True])
def test_a_count_that_is_none(make, new_plan):
    params, optimizer, states = two_parameters()
    states[1]["step"] = make(params, states)
    if new_plan:
        params[0].data = params[0].data.clone()
    before = [p.detach().clone() for p in params]
    with pytest.raises(ValueError, match=r"\['params'\]\[1\]'s step"):
        optimizer.step()
    assert all(map(torch.equal, before, params))


class Meddler(torch.nn.Parameter):
    """Its gradient is a property that runs code."""

    act = staticmethod(lambda: None)

    @property
    def grad(self):
        return self.act() if self.armed else torch.ones(6)


@pytest.mark.parametrize("place", [0, 10, 19])
def test_a_gradient_that_empties_the_group(place):
    params = [Meddler(torch.ones(6)) for _ in range(20)]
    for p in params:
        p.armed = False
    optimizer = optim.Adam(params)
    optimizer.step()
    before = [p.detach().clone() for p in params]
    params[place].act = optimizer.param_groups[0]["params"].clear
    params[place].armed = True
    optimizer.step()  # of a group that has no parameters
    assert all(map(torch.equal, before, params))


@pytest.mark.parametrize("place", [0, 1])
def test_a_gradient_that_moves_a_parameter(place):
    params = [torch.nn.Parameter(torch.ones(6)), Meddler(torch.ones(6))][:: 1 - 2 * place]
    meddler, other = params[1 - place], params[place]
    other.grad, meddler.armed = torch.ones(6), False
    optimizer = optim.SGD(params, lr=1.0)
    optimizer.step()

    def act():
        if not other.any():
            other.data = torch.full((6,), 5.0)
        return torch.ones(6)

    meddler.act, meddler.armed = act, True
    optimizer.step()
    assert (other == 4).all()
    assert (meddler == -1).all()


@pytest.mark.parametrize("late", range(1, 8))
def test_a_gradient_that_comes_late(late):
    """It has none at the first readings: the step is made without it, or refused."""
    first, second = Meddler(torch.ones(6)), torch.nn.Parameter(torch.ones(6))
    second.grad = torch.ones(6)
    readings = []

    def act():
        readings.append(1)
        return torch.ones(6) if len(readings) >= late else None

    first.act, first.armed = act, True
    optimizer = optim.Adam([first, second])
    try:
        optimizer.step()
    except RuntimeError as error:
        assert "changed while the step read them" in str(error)  # noqa: PT017
        assert (second == 1).all()
    else:
        assert not (second == 1).any()


def test_values_that_a_new_group_cannot_have():
    optimizer = optim.Adam([torch.nn.Parameter(torch.ones(2))])
    for wrong in ({"clip_value": -1}, {"lr": float("nan")}, {"betas": 0.5}):
        with pytest.raises(
            (TypeError, ValueError), match=rf"^param_groups\[1\]: {next(iter(wrong))}"
        ):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], **wrong})
    assert len(optimizer.param_groups) == 1


def test_a_count_that_is_no_number():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    optimizer.state[p]["step"] = "x"
    with pytest.raises(ValueError, match=r"^param_groups\[0\]\['params'\]\[0\]'s step = 'x'"):
        optimizer.step()


def test_conjugates_are_refused_but_as_gradients():
    values = torch.tensor([1 + 2j, 3j])
    p = torch.nn.Parameter(values.clone().conj())
    p.grad = torch.ones(2, dtype=values.dtype)
    with pytest.raises(ValueError, match=r"^param_groups\[0\]\['params'\]\[0\]: its conjugation"):
        optim.SGD([p]).step()
    q = torch.nn.Parameter(torch.zeros(2, dtype=values.dtype))
    q.grad = values.conj()
    optim.SGD([q], lr=1.0).step()
    assert torch.equal(q, -values.conj().resolve_conj())
