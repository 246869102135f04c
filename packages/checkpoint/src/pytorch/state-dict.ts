/** Finding the named tensors in what a PyTorch file holds. */
import { invalidFile } from '../invalid-file.ts'
import { limits } from '../limits.ts'
import type { StoredTensor } from '../stored-tensor.ts'
import { show } from './globals.ts'
import { PyDict, PyOpaque, PyTensor, type PyValue } from './values.ts'

/**
 * Keys under which training programs put the weights, in order of preference. Averaged weights come first: they are what
 * MobileOne's published accuracy is measured with, and what timm loads by default. mmengine is the exception, see
 * {@link isSwapped}.
 */
const wrappers = [
  'state_dict_ema',
  'model_ema',
  'ema_state_dict',
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'module',
  'net',
  'network',
  'weights',
]
const maxDepth = 4

export interface StateDict {
  readonly root: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: ReadonlyMap<string, string>
  readonly notes: readonly string[]
}

/**
 * The state dict in `value`: the one at the path `root` where given, else behind the first known wrapper key, else `value`
 * itself, else the only dict in it that holds tensors.
 * @throws MobileOneError `invalid-file` that says what the file holds instead.
 */
export function findStateDict(value: PyValue, root: string | undefined): StateDict {
  const metadata = new Map<string, string>()
  const notes: string[] = []
  const path: string[] = []
  let dict = toDict(value, path)
  collect(dict, path, metadata, notes)
  const wanted = root === undefined ? undefined : root === '' ? [] : root.split('.')
  for (let depth = 0; depth < maxDepth; depth++) {
    const entries = dict.strings()
    const key = wanted ? wanted[depth] : nextKey(entries)
    if (key === undefined) break
    const next = entries.get(key)
    if (next === undefined) {
      invalidFile(
        `PyTorch file: there is no ${show(key)} in ${describePath(path)}; its keys are ${list([...entries.keys()])}`,
      )
    }
    path.push(key)
    dict = toDict(next, path)
    collect(dict, path, metadata, notes)
  }
  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of dict.strings()) {
    if (entry instanceof PyTensor) tensors.set(name, toStored(entry))
  }
  if (tensors.size === 0) {
    invalidFile(
      `PyTorch file: ${describePath(path)} holds no tensors; its keys are ${list([...dict.strings().keys()])}. ` +
        'Give the path to the state dict as the option `root`',
    )
  }
  return { root: path.join('.'), tensors, metadata, notes }
}

function toDict(value: PyValue, path: readonly string[]): PyDict {
  if (value instanceof PyDict) return value
  if (value instanceof PyOpaque) {
    return invalidFile(
      `PyTorch file: ${describePath(path)} is a Python object (${show(value.what)} at byte ${value.at}), not a state dict. ` +
        'Objects are never built; in Python save `model.state_dict()` instead of `model`',
    )
  }
  return invalidFile(`PyTorch file: ${describePath(path)} is not a state dict (a dict of tensors)`)
}

function nextKey(entries: ReadonlyMap<string, PyValue>): string | undefined {
  const known = wrappers.find(
    (key) => entries.get(key) instanceof PyDict && !(key === 'ema_state_dict' && isSwapped(entries)),
  )
  if (known !== undefined) return known
  for (const value of entries.values()) if (value instanceof PyTensor) return undefined
  const holders = findHolders(entries)
  if (holders.length > 1) {
    invalidFile(
      `PyTorch file: there are several state dicts, ${list(holders)}; choose one with the option \`root\``,
    )
  }
  if (holders.length === 1) return holders[0]
  return wrappers.find((key) => entries.get(key) instanceof PyOpaque)
}

function holdsTensors(dict: PyDict): boolean {
  const pairs = dict.pairs ?? []
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    if (typeof pairs[i] === 'string' && pairs[i + 1] instanceof PyTensor) return true
  }
  return false
}

/**
 * mmengine's `EMAHook` saves the averaged weights as `state_dict` and swaps the others into `ema_state_dict`, which keeps the
 * averaged model's own names: `module.` before every key, and the counter `steps`.
 */
function isSwapped(entries: ReadonlyMap<string, PyValue>): boolean {
  const averaged = entries.get('ema_state_dict')
  if (!(averaged instanceof PyDict && entries.get('state_dict') instanceof PyDict)) return false
  const names = averaged.strings()
  return (
    names.has('steps') && [...names.keys()].every((name) => name === 'steps' || name.startsWith('module.'))
  )
}

/** The dicts among these values that hold tensors, each looked through once however many keys name it. */
function findHolders(entries: ReadonlyMap<string, PyValue>): string[] {
  const known = new Map<PyDict, boolean>()
  return [...entries].flatMap(([key, value]) => {
    if (!(value instanceof PyDict)) return []
    const holds = known.get(value) ?? holdsTensors(value)
    known.set(value, holds)
    return holds ? [key] : []
  })
}

function collect(
  dict: PyDict,
  path: readonly string[],
  metadata: Map<string, string>,
  notes: string[],
): void {
  for (const [key, value] of dict.strings()) {
    if (metadata.size + notes.length >= limits.notes) return
    if (key.length > limits.nameLength) continue
    const name = [...path, key].join('.')
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      metadata.set(name, String(value).slice(0, 1000))
    } else if (value instanceof PyOpaque) {
      notes.push(
        `${show(name)} is a Python object (${show(value.what)} at byte ${value.at}) and was not built`,
      )
    }
  }
}

function toStored({ storage, dtype, shape, strides, offset }: PyTensor): StoredTensor {
  if (storage.bytes === undefined) return invalidFile('PyTorch file: a tensor has no data in the file')
  return { dtype, shape, strides, offset, storage: storage.bytes }
}

function describePath(path: readonly string[]): string {
  return path.length === 0 ? 'the file' : show(path.join('.'))
}

function list(keys: readonly string[]): string {
  const shown = keys.slice(0, 12).map(show).join(', ')
  return keys.length > 12 ? `${shown} and ${keys.length - 12} more` : shown || '(none)'
}
