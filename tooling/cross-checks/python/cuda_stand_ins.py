"""Put stand-ins beside PyTorch for the libraries of CUDA that its wheel for Linux is linked with and that are not installed.

They define the symbols that PyTorch needs, with the versions it needs them of, and every function returns an error. Nothing calls them: the cross-checks run on
the processor. They spare a download of 2.5 GB. Needs a C compiler.
"""
import os
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

# Loaded by name only where there is a GPU.
LEFT_OUT = {"libcuda.so.1"}
VENDOR = ("libcu", "libnccl", "libnv")
# Libraries whose symbols have no versions, by the beginnings of those.
UNVERSIONED = {"nccl": "libnccl.so.2", "cusparseLt": "libcusparseLt.so.0", "cuFile": "libcufile.so.0"}


def missing_symbols(site):
    """{library: {version: names}} of what PyTorch's libraries ask of libraries that are not in `site`."""
    present = LEFT_OUT | {path.name for path in site.rglob("*.so*")}
    missing = {}
    for path in (site / "torch" / "lib").glob("libtorch*.so"):
        with path.open("rb") as file:
            elf = ELFFile(file)
            for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED"):
                if tag.needed.startswith(VENDOR) and tag.needed not in present:
                    missing.setdefault(tag.needed, {})
            versions, needs = elf.get_section_by_name(".gnu.version"), elf.get_section_by_name(".gnu.version_r")
            for index, symbol in enumerate(elf.get_section_by_name(".dynsym").iter_symbols()):
                if symbol["st_shndx"] != "SHN_UNDEF":
                    continue
                version = versions.get_symbol(index)["ndx"]
                if isinstance(version, int):
                    library, node = (each.name for each in needs.get_version(version))
                else:
                    library, node = next((lib for start, lib in UNVERSIONED.items() if symbol.name.startswith(start)), None), ""
                if library in missing:
                    missing[library].setdefault(node, set()).add(symbol.name)
    return missing


def main():
    site = Path(sysconfig.get_paths()["purelib"])
    for library, versions in missing_symbols(site).items():
        source = "".join(f"int {name}(void) {{ return 100; }}\n" for names in versions.values() for name in names)
        options = []
        with tempfile.TemporaryDirectory() as folder:
            named = {node: names for node, names in versions.items() if node}
            if named:
                script = Path(folder, "versions.map")
                script.write_text("".join(f"{node} {{ global: {'; '.join(names)}; }};\n" for node, names in named.items()))
                options = [f"-Wl,--version-script={script}"]
            output = site / "torch" / "lib" / library
            command = [os.environ.get("CC", "cc"), "-shared", "-nostdlib", "-w", "-x", "c", "-", f"-Wl,-soname,{library}", *options]
            subprocess.run([*command, "-o", str(output)], input=source.encode(), check=True)


if __name__ == "__main__":
    main()
