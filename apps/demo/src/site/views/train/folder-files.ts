/** A file of the visitor and where it was in their folder, such as `flowers/tulip/1.jpg`. */
export interface PlacedFile {
  readonly path: string
  readonly file: File
}

/** Pictures by class, as their folders say. */
export interface LabelledFiles {
  readonly labels: readonly string[]
  readonly files: readonly { readonly file: File; readonly path: string; readonly label: number }[]
  /** Held out by the visitor: in a folder `val`, `valid`, `validation` or `test` above those of the classes. */
  readonly held: readonly { readonly file: File; readonly path: string; readonly label: number }[]
  /** Pictures that lie in no folder of a class. */
  readonly loose: number
  /** Beyond what is used of a class. */
  readonly left: number
}

/** What a tab can take: pictures in all, classes, and bytes of one file. */
export const limits = { pictures: 4000, classes: 50, fileBytes: 30e6 } as const

const isPicture = /\.(png|jpe?g|webp|gif|bmp|avif)$/i
const trainFolder = /^train(ing)?$/i
const heldFolder = /^(val|valid|validation|test)$/i

/**
 * The class of a picture is the folder it lies in. A folder that holds everything does not count, nor do hidden files. Of a class there
 * are at most its share of {@link limits}, evenly taken.
 */
export function labelFiles(placed: readonly PlacedFile[]): LabelledFiles {
  const byClass = new Map<string, { train: PlacedFile[]; held: PlacedFile[] }>()
  let loose = 0
  for (const each of placed) {
    const folders = each.path.split('/').filter((part) => part !== '' && part !== '.')
    const name = folders.pop() ?? ''
    if (name.startsWith('.') || folders.some((part) => part.startsWith('.')) || !isPicture.test(name))
      continue
    const label = folders.at(-1)
    // A picture beside the folders of the classes, or in a folder that was given alone.
    if (label === undefined || folders.length < 2 || trainFolder.test(label) || heldFolder.test(label)) {
      loose++
      continue
    }
    const own = byClass.get(label) ?? { train: [], held: [] }
    byClass.set(label, own)
    if (folders.slice(0, -1).some((part) => heldFolder.test(part))) own.held.push(each)
    else own.train.push(each)
  }
  const labels = [...byClass.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const share = Math.floor(limits.pictures / Math.max(1, labels.length))
  let left = 0
  const take = (files: readonly PlacedFile[], label: number, most: number): LabelledFiles['files'] => {
    const sorted = files.toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
    const count = Math.min(most, sorted.length)
    left += sorted.length - count
    return Array.from({ length: count }, (_, index) => ({
      ...(sorted[Math.floor((index * sorted.length) / count)] as PlacedFile),
      label,
    }))
  }
  const ownOf = (label: string): { train: PlacedFile[]; held: PlacedFile[] } =>
    byClass.get(label) ?? { train: [], held: [] }
  return {
    labels,
    files: labels.flatMap((label, index) => take(ownOf(label).train, index, share)),
    held: labels.flatMap((label, index) => take(ownOf(label).held, index, Math.ceil(share / 4))),
    loose,
    left,
  }
}

/** @returns what is wrong with a folder for learning from it, in words; undefined where nothing is. */
export function problemOfFolder({ labels, files, loose }: LabelledFiles): string | undefined {
  if (labels.length > limits.classes)
    return `There are ${labels.length} folders with pictures; at most ${limits.classes} classes are learned here.`
  if (labels.length >= 2) {
    const counts = labels.map((_, label) => files.filter((each) => each.label === label).length)
    const poorest = counts.findIndex((count) => count < 5)
    if (poorest < 0) return undefined
    return `"${labels[poorest]}" has ${counts[poorest]} pictures to learn from; give each class at least 5, and better 50.`
  }
  const found =
    labels.length === 1
      ? `Only "${labels[0]}" has pictures`
      : loose > 0
        ? 'The pictures lie side by side'
        : 'There are no pictures (PNG, JPEG, WebP, GIF, AVIF, BMP)'
  return `${found}. Choose a folder with one folder of pictures for each class, such as pets/cat/1.jpg and pets/dog/1.jpg.`
}
