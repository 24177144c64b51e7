"""Products of words in a group, for the checks beside this file."""


def image(factor, point):
    """Where a permutation, by images or by cycles, takes a point (from 1)."""
    if "(" not in factor:
        return int(factor[point - 1])
    for cycle in factor.strip("()").split(")("):
        if str(point) in cycle:
            return int(cycle[(cycle.index(str(point)) + 1) % len(cycle)])
    return point


def product(group, factors):
    if group[0] == "Z":
        return str(sum(map(int, factors)) % int(group[1:]))
    points = list(range(1, int(group[1:]) + 1))
    for factor in factors:
        points = [image(factor, point) for point in points]
    return "".join(map(str, points))
