import type { Model } from '@mobileone/core'
import { zipSync } from 'fflate'

/** Labels of the only output that has as many classes as the card has labels. */
export interface OutputLabels {
  /** The public name of the output. */
  readonly output: string
  /** The file of the labels, one a line, in the archive behind the model. */
  readonly fileName: string
  readonly labels: readonly string[]
}

/** The moment that the entry carries, so that equal files are equal bytes: the first that the format can say. */
const zipTime = new Date(1980, 0, 1)

/** The card's labels, where exactly one output [N, C] has a class for each. */
export function labelsOf(
  { card, outputs }: Model,
  shapes: Readonly<Record<string, readonly number[]>>,
): OutputLabels | undefined {
  const labels = card?.labels
  if (!labels) return undefined
  const [output, ...others] = Object.keys(outputs).filter((name) => {
    const shape = shapes[outputs[name] as string] as readonly number[]
    return shape.length === 2 && shape[1] === labels.length
  })
  if (output === undefined || others.length > 0) return undefined
  return { output, fileName: 'labels.txt', labels }
}

/**
 * `model` with the labels behind it as a zip archive whose one entry is stored, which is where TensorFlow Lite metadata looks for
 * files: a reader of the model does not see them, a reader of archives sees nothing else. Line breaks in a label become spaces.
 */
export function appendLabels(model: Uint8Array, labels: OutputLabels | undefined): Uint8Array {
  if (!labels) return model
  const lines = labels.labels.map((label) => `${label.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')}\n`).join('')
  const archive = zipSync(
    { [labels.fileName]: new TextEncoder().encode(lines) },
    { level: 0, mtime: zipTime },
  )
  moveArchive(archive, model.length)
  const bytes = new Uint8Array(model.length + archive.length)
  bytes.set(model)
  bytes.set(archive, model.length)
  return bytes
}

/** Offsets in an archive of one entry, without a comment, count from the start of the file: move them by `distance`. */
function moveArchive(archive: Uint8Array, distance: number): void {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength)
  const directoryOffset = archive.length - 22 + 16
  const directory = view.getUint32(directoryOffset, true)
  const entryOffset = directory + 42
  view.setUint32(entryOffset, view.getUint32(entryOffset, true) + distance, true)
  view.setUint32(directoryOffset, directory + distance, true)
}
