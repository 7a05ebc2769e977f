"""Policies side by side: each simulated on the same seeds."""

from collections.abc import Callable, Sequence

from kindling.simulate.drive import Outcome, Simulation
from kindling.simulate.policies import PolicyName, Watching
from kindling.simulate.world import World

# Makes a world in which nothing has happened, and a policy for it, by name and seed.
Made = Callable[[PolicyName, int], tuple[World, Watching]]
# Told how many simulations are done, the share of the next that is, and what it is doing.
Told = Callable[[int, float, str], None]


async def compare(
    simulation: Simulation, made: Made, names: Sequence[PolicyName], seeds: Sequence[int], told: Told
) -> dict[PolicyName, dict[int, Outcome]]:
    """Simulate each policy on each seed, one after the other; raises WorldError where a world fails."""
    outcomes: dict[PolicyName, dict[int, Outcome]] = {name: {} for name in names}
    runs = [(name, seed) for name in names for seed in seeds]
    for done, (name, seed) in enumerate(runs):

        def progress(share: float, what: str, done: int = done, run: str = f"{name.value}, seed {seed}") -> None:
            told(done, share, f"{run}: {what}")

        world, policy = made(name, seed)
        outcomes[name][seed] = await simulation.run(world, policy, seed, progress)
    return outcomes
