"""Reads and presses a window through AT-SPI, as a screen reader does.

One JSON request a line on standard input, one JSON answer a line on standard output:

    {"do": "tree", "app": "watchkeeper"}   -> {"nodes": [...]}; no application yet: {"nodes": []}
    {"do": "click", "node": 12}            -> {"done": true}, by the number of the last tree
    {"do": "focus", "node": 12}            -> {"done": true}: the keys go there

Runs with the system's own Python, which alone has the bindings (Debian: python3-gi, gir1.2-atspi-2.0).
"""

import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

DEEPEST = 40


def told(read, otherwise):
    """What an accessible says of itself; a node that went away while it was read says nothing."""
    try:
        return read()
    except GLib.Error:
        return otherwise


def text_of(node):
    if node.get_text_iface() is None:
        return None
    return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))


def value_of(node):
    return Atspi.Value.get_current_value(node) if node.get_value_iface() is not None else None


def actions_of(node):
    if node.get_action_iface() is None:
        return []
    return [Atspi.Action.get_action_name(node, i) for i in range(Atspi.Action.get_n_actions(node))]


def place_of(node):
    if node.get_component_iface() is None:
        return None
    extents = Atspi.Component.get_extents(node, Atspi.CoordType.SCREEN)
    return [extents.x, extents.y, extents.width, extents.height]


def walk(node, depth, nodes, handles):
    handles.append(node)
    nodes.append(
        {
            "depth": depth,
            "role": told(node.get_role_name, ""),
            "name": told(node.get_name, "") or "",
            "description": told(node.get_description, "") or "",
            "text": told(lambda: text_of(node), None),
            "value": told(lambda: value_of(node), None),
            "actions": told(lambda: actions_of(node), []),
            "place": told(lambda: place_of(node), None),
            "focused": told(lambda: node.get_state_set().contains(Atspi.StateType.FOCUSED), False),
        }
    )
    if depth >= DEEPEST:
        return
    for index in range(told(node.get_child_count, 0)):
        child = told(lambda: node.get_child_at_index(index), None)
        if child is not None:
            walk(child, depth + 1, nodes, handles)


def tree(app):
    nodes, handles = [], []
    desktop = Atspi.get_desktop(0)
    # Every question goes to the program itself; nothing here listens for changes.
    desktop.set_cache_mask(Atspi.Cache.NONE)
    for index in range(told(desktop.get_child_count, 0)):
        child = told(lambda: desktop.get_child_at_index(index), None)
        if child is not None and told(child.get_name, "") == app:
            child.set_cache_mask(Atspi.Cache.NONE)
            walk(child, 0, nodes, handles)
    return nodes, handles


def main():
    handles = []
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "tree":
                nodes, handles = tree(request["app"])
                answer = {"nodes": nodes}
            elif request["do"] == "click":
                node = handles[request["node"]]
                names = [name.lower() for name in actions_of(node)]
                wanted = names.index("click") if "click" in names else 0
                answer = {"done": bool(names) and Atspi.Action.do_action(node, wanted)}
            elif request["do"] == "focus":
                node = handles[request["node"]]
                answer = {"done": node.get_component_iface() is not None and Atspi.Component.grab_focus(node)}
            else:
                answer = {"error": f"unknown request {request['do']}"}
        except GLib.Error as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


main()
