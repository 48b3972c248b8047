"""Calls of pyfastopt.torch by chance, right ones and wrong ones, beside torch.optim as a twin."""

import copy
import io
import warnings

import torch
import worlds

from pyfastopt import torch as optim

CALLS_OF_A_WORLD = 60

#: What may change between steps, and to what. (A new rate acts one step later in torch's ASGD.)
CHANGES = {
    "SGD": {"lr": [0.0, 0.01, -0.02], "weight_decay": [0.0, 0.1], "maximize": [True, False]},
    "Adam": {"lr": [0.0, 0.01, -0.02], "betas": [(0.5, 0.9), [0.9, 0.99]], "eps": [1e-8, 0.1]},
    "AdamW": {"lr": [0.0, 0.01, 1], "weight_decay": [0.0, 0.1], "maximize": [True, False]},
    "RMSprop": {"lr": [0.0, 0.01], "alpha": [0.5, 0.99], "weight_decay": [0.0, 0.1]},
    "Adagrad": {"lr": [0.0, 0.01], "lr_decay": [0.0, 0.1], "eps": [1e-10, 0.1]},
    "Adadelta": {"lr": [0.0, 0.5], "rho": [0.5, 0.9], "weight_decay": [0.0, 0.1]},
    "Adamax": {"lr": [0.0, 0.01], "betas": [(0.5, 0.9), (0.9, 0.99)]},
    "NAdam": {"lr": [0.0, 0.01], "weight_decay": [0.0, 0.1]},
    "RAdam": {"lr": [0.0, 0.01], "betas": [(0.5, 0.9), (0.9, 0.99)]},
    "Rprop": {"etas": [(0.4, 1.1), (0.5, 1.2)]},
    "ASGD": {"weight_decay": [0.0, 0.1], "maximize": [True, False]},
    "SparseAdam": {"lr": [0.01, 0.1], "eps": [1e-8, 0.1], "maximize": [True, False]},
}
#: Options that a class may begin with, and keeps.
BEGINNINGS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.5, "dampening": 0.1}],
    "Adam": [{}, {"amsgrad": True}],
    "RMSprop": [{}, {"momentum": 0.5}],  # centered, it has roots of what may be just below 0
    "NAdam": [{}, {"decoupled_weight_decay": True}],
}
SPARSE = ("SGD", "Adagrad", "SparseAdam")
WRONG = [float("nan"), float("inf"), "fast", None, 1j, [0.1, 0.2, 0.3]]


class World:
    """An optimizer of each library, of equal parameters, and what can be done to them."""

    def __init__(self, chance):
        self.chance = chance
        self.name = chance.choice(sorted(CHANGES))
        self.options = {"lr": 0.05, **chance.choice(BEGINNINGS.get(self.name, [{}]))}
        self.params = [], []
        self.optimizers = [
            getattr(library, self.name)([p], **self.options)
            for library, p in zip((optim, torch.optim), self.new_parameters(), strict=True)
        ]
        self.operations = [
            *[self.step] * 8,
            *[self.change] * 3,
            self.add_group,
            self.move,
            self.poke,
            self.replace,
            self.checkpoint,
            self.copy,
            self.pretend,
            *[self.wrong_option] * 2,
            self.wrong_state,
            self.wrong_shape,
            self.threads,
        ]

    over = False

    def call(self):
        self.chance.choice(self.operations)()

    @property
    def ours(self):
        return self.optimizers[0]

    def new_parameters(self):
        """The same parameter for each library, of any layout."""
        shape = [self.chance.choice([1, 2, 3, 5, 33]) for _ in range(self.chance.randrange(1, 4))]
        values = self.numbers(shape)
        layout = self.chance.randrange(3)
        if layout == 1:
            values = values.transpose(0, -1).contiguous().transpose(0, -1)
        elif layout == 2:
            values = torch.stack([values, values], -1)[..., 0]
        new = [torch.nn.Parameter(values.clone()) for _ in self.params]
        new[0].data = values
        for params, p in zip(self.params, new, strict=True):
            params.append(p)
        return new

    def numbers(self, shape):
        generator = torch.Generator().manual_seed(self.chance.getrandbits(40))
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def pairs(self):
        return list(zip(*self.params, strict=True))

    def draw_gradients(self):
        for ours, torchs in self.pairs():
            kind = self.chance.randrange(6)
            sparse = self.name == "SparseAdam" or (
                self.name in SPARSE
                and kind < 2
                and not any(g.get("weight_decay") or g.get("momentum") for g in self.groups())
            )
            if kind == 5:
                gradient = None
            elif sparse:
                count = self.chance.randrange(2 * ours.shape[0])
                rows = torch.tensor([[self.chance.randrange(ours.shape[0]) for _ in range(count)]])
                values = self.numbers((count, *ours.shape[1:]))
                gradient = torch.sparse_coo_tensor(
                    rows.long(), values, ours.shape, check_invariants=False
                )
            else:
                gradient = self.numbers(ours.shape)
                if kind == 4:
                    gradient = torch.stack([gradient, gradient], -1)[..., 1]
            ours.grad, torchs.grad = gradient, None if gradient is None else gradient.clone()

    def groups(self):
        return self.ours.param_groups

    # ---- what is right -------------------------------------------------------------------------

    def step(self):
        self.draw_gradients()
        self.step_both()

    def step_both(self):
        for optimizer in self.optimizers:
            optimizer.step()
        self.compare()

    def compare(self):
        for ours, torchs in self.pairs():
            # Some of what torch counts with is in float32.
            torch.testing.assert_close(ours, torchs, rtol=1e-5, atol=1e-6)

    def change(self):
        name = self.chance.choice(sorted(CHANGES[self.name]))
        value = self.chance.choice(CHANGES[self.name][name])
        if name == "weight_decay" and self.name in SPARSE and self.is_sparse():
            return
        group = self.chance.randrange(len(self.groups()))
        for optimizer in self.optimizers:
            optimizer.param_groups[group][name] = copy.copy(value)

    def is_sparse(self):
        return any(p.grad is not None and p.grad.is_sparse for p in self.params[0])

    def add_group(self):
        for optimizer, p in zip(self.optimizers, self.new_parameters(), strict=True):
            optimizer.add_param_group({"params": [p], "name": f"group {len(self.params[0])}"})

    def move(self):
        """Other memory for a parameter."""
        for p in self.chance.choice(self.pairs()):
            p.data = p.data.clone()

    def states(self):
        """A state tensor of each optimizer, of the same parameter and name."""
        for number, pair in enumerate(self.pairs()):
            states = [o.state.get(p, {}) for o, p in zip(self.optimizers, pair, strict=True)]
            for name, value in states[0].items():
                if value.ndim and isinstance(states[1].get(name), torch.Tensor):
                    yield number, name, states

    def poke(self):
        for _, name, states in self.states():
            if self.chance.random() < 0.3 and not states[1][name].is_sparse:
                for state in states:
                    state[name].mul_(0.5)

    def replace(self):
        for _, name, states in self.states():
            if self.chance.random() < 0.3:
                for state in states:
                    state[name] = state[name].clone()

    def checkpoint(self):
        """Into new optimizers, and sometimes crosswise."""
        saved = []
        for optimizer in self.optimizers:
            file = io.BytesIO()
            torch.save(optimizer.state_dict(), file)
            file.seek(0)
            saved.append(torch.load(file))
        # Torch's count of SparseAdam is exact only as its own, and it wants a sparse buffer.
        if self.name not in SPARSE and self.chance.random() < 0.5:
            saved.reverse()
        libraries = optim, torch.optim
        for i, (library, state) in enumerate(zip(libraries, saved, strict=True)):
            groups = [{"params": group["params"]} for group in self.optimizers[i].param_groups]
            new = getattr(library, self.name)(groups, **self.options)
            new.load_state_dict(state)
            self.optimizers[i] = new

    def copy(self):
        self.params, self.optimizers = copy.deepcopy((self.params, self.optimizers))

    def pretend(self):
        """A step that nothing moves in, through a closure."""
        for params, optimizer in zip(self.params, self.optimizers, strict=True):

            def closure(params=params):
                for p in params:
                    p.grad = None
                return 1.5

            assert optimizer.step(closure) == 1.5
        self.compare()

    def threads(self):
        self.ours.num_threads = self.chance.choice([None, 1, 2, 3])

    # ---- what is wrong -------------------------------------------------------------------------

    def contents(self):
        state = [value for p in self.params[0] for value in self.ours.state.get(p, {}).values()]
        return [copy.deepcopy(value) for value in (*self.params[0], *state)]

    def refused(self):
        """A step must raise, and leave all as it was."""
        before = self.contents()
        try:
            self.ours.step()
        except (TypeError, ValueError):
            pass
        else:
            raise AssertionError(f"{self.name} made a step")
        for old, new in zip(before, self.contents(), strict=True):
            assert type(old) is type(new)
            if not isinstance(old, torch.Tensor):
                assert old == new
            elif old.device.type == "cpu":
                assert torch.equal(old, new)

    def wrong_option(self):
        self.draw_gradients()
        group = self.chance.choice(self.groups())
        name = self.chance.choice([k for k in CHANGES[self.name] if k != "maximize"])
        before, group[name] = group[name], self.chance.choice(WRONG)
        self.refused()
        group[name] = before
        self.step_both()

    def wrong_state(self):
        self.draw_gradients()
        found = [s for s in self.states() if self.params[0][s[0]].grad is not None]
        if not found:
            return
        number, name, (state, _) = self.chance.choice(found)
        p, before = self.params[0][number], state[name]
        wrong = [
            before.float(),
            before[None],
            before.detach().to("meta"),
            p.detach(),
            "state",
            torch.stack([before, before])[:, :1],
        ]
        state[name] = self.chance.choice(wrong[:-1] if before.shape[0] == 2 else wrong)
        self.refused()
        state[name] = before
        if "step" in state:
            count = state["step"]
            two = torch.ones(2, dtype=count.dtype)
            state["step"] = self.chance.choice([two, count + 0.5, -count - 1, two[:0]])
            self.refused()
            state["step"] = count
        self.step_both()

    def wrong_shape(self):
        """A parameter that is no longer what its state and its gradient are for."""
        self.draw_gradients()
        p = self.chance.choice(self.params[0])
        if p.grad is None:
            return
        before = p.data
        p.data = self.chance.choice([before[None], torch.cat([before, before]), before.float()])
        self.refused()
        p.data = before
        self.step_both()


def run(calls, seed, first=0):
    """Make so many calls; return how many worlds there were."""
    return worlds.run("random_tensors", World, calls, seed, first, CALLS_OF_A_WORLD)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # torch says that it does not check sparse tensors
    worlds.main(__doc__, run, 10_000)
