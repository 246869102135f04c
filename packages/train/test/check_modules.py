"""Parses each file named, and prints every name that it uses and nobody defines, or imports from a neighbour that lacks it."""
import ast
import builtins
import symtable
import sys
from pathlib import Path


def undefined_globals(table, defined):
    names = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    for child in table.get_children():
        names |= undefined_globals(child, defined)
    return names - defined


def definitions(module):
    return {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}


def read(path):
    text = path.read_text()
    return ast.parse(text, str(path)), symtable.symtable(text, str(path), "exec")


def check(path):
    tree, module = read(path)
    known = definitions(module) | set(dir(builtins)) | {"__file__"}
    for name in undefined_globals(module, known):
        yield f"{path}: {name} is not defined"
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for symbol in module.get_symbols():
        if symbol.is_imported() and symbol.get_name() not in used:
            yield f"{path}: {symbol.get_name()} is imported and not used"
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        neighbour = path.parent / f"{node.module}.py"
        lacking = {alias.name for alias in node.names} - definitions(read(neighbour)[1]) if neighbour.exists() else ()
        for name in lacking:
            yield f"{path}: {neighbour.name} has no {name}"


faults = [fault for name in sys.argv[1:] for fault in check(Path(name))]
print("\n".join(faults))
sys.exit(1 if faults else 0)
