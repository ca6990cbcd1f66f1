"""The desktop's notification service, as a test needs it: writes what it is asked to a file, a JSON object a line.

    notifications.py LOG PRESS

A note is pressed as soon as the file PRESS exists. Runs with the system's own Python, which alone has the bindings
(Debian: python3-gi).
"""

import json
import os
import sys

from gi.repository import Gio, GLib

INTERFACE = """
<node><interface name="org.freedesktop.Notifications">
  <method name="GetCapabilities"><arg direction="out" type="as"/></method>
  <method name="GetServerInformation">
    <arg direction="out" type="s"/><arg direction="out" type="s"/><arg direction="out" type="s"/><arg direction="out" type="s"/>
  </method>
  <method name="Notify">
    <arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/><arg direction="in" type="s"/>
    <arg direction="in" type="s"/><arg direction="in" type="as"/><arg direction="in" type="a{sv}"/><arg direction="in" type="i"/>
    <arg direction="out" type="u"/>
  </method>
  <method name="CloseNotification"><arg direction="in" type="u"/></method>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>
"""
PATH = "/org/freedesktop/Notifications"
NAME = "org.freedesktop.Notifications"

log, press = sys.argv[1:]
shown = 0


def told(entry):
    with open(log, "a", encoding="utf-8") as file:
        print(json.dumps(entry), file=file, flush=True)


def asked(connection, _sender, _path, _interface, method, arguments, invocation):
    global shown
    if method == "GetCapabilities":
        invocation.return_value(GLib.Variant("(as)", (["body", "body-markup", "actions"],)))
    elif method == "GetServerInformation":
        invocation.return_value(GLib.Variant("(ssss)", ("test", "test", "1", "1.2")))
    elif method == "Notify":
        app, replaces, _icon, summary, body, actions, hints, _timeout = arguments.unpack()
        shown = replaces or shown + 1
        told({"do": "notify", "id": shown, "replaces": replaces, "app": app, "summary": summary, "body": body,
              "actions": actions, "urgency": hints.get("urgency")})
        invocation.return_value(GLib.Variant("(u)", (shown,)))
    else:
        told({"do": "close", "id": arguments.unpack()[0]})
        invocation.return_value(None)


def look(connection):
    if os.path.exists(press):
        os.remove(press)
        connection.emit_signal(None, PATH, NAME, "ActionInvoked", GLib.Variant("(us)", (shown, "default")))
    return True


def acquired(connection, _name):
    node = Gio.DBusNodeInfo.new_for_xml(INTERFACE)
    connection.register_object(PATH, node.interfaces[0], asked, None, None)
    GLib.timeout_add(50, look, connection)


Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.NONE, acquired, lambda *_: told({"do": "ready"}), None)
GLib.MainLoop().run()
