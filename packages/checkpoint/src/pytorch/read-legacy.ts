import { type Checkpoint, checkpoint } from '../checkpoint.ts'
import { invalidFile } from '../invalid-file.ts'
import { elementBytes } from '../stored-tensor.ts'
import { show, storageType } from './globals.ts'
import { findStateDict } from './state-dict.ts'
import { unpickle } from './unpickle.ts'
import { PyList, PyOpaque, PyStorage, PyTuple, type PyValue } from './values.ts'

/** `torch/serialization.py`, MAGIC_NUMBER and PROTOCOL_VERSION. */
const magicNumber = 0x1950a86a20f9469cfc6cn
const protocolVersion = 1001

interface View {
  readonly storage: PyStorage
  readonly base: PyStorage
  readonly offset: number
}

/**
 * Read what `torch.save` wrote before PyTorch 1.6, and still writes with `_use_new_zipfile_serialization=False`: five pickles
 * (magic number, protocol version, system, object, storage keys), then each storage as an i64 element count and its elements.
 * @throws MobileOneError `invalid-file`, with the byte offset.
 */
export function readPyTorchLegacy(bytes: Uint8Array, root?: string): Checkpoint {
  const storages = new Map<string, PyStorage>()
  const views: View[] = []
  const noStorage = (_: PyValue, at: number): never =>
    invalidFile(`PyTorch file: a storage is named where none may be, at byte ${at}`)
  const persistent = (id: PyValue, at: number): PyValue => {
    const [kind, type, key, , length, view = null] = id instanceof PyTuple ? id.items : []
    if (kind === 'module') return new PyOpaque('a pickled module class', at)
    const dtype = storageType(type ?? null)
    if (
      kind !== 'storage' ||
      dtype === undefined ||
      typeof key !== 'string' ||
      typeof length !== 'number' ||
      !(Number.isSafeInteger(length) && length >= 0)
    ) {
      return invalidFile(`PyTorch file: the storage named at byte ${at} is of an unknown kind`)
    }
    let storage = storages.get(key)
    if (storage === undefined) storages.set(key, (storage = new PyStorage(dtype, length)))
    if (storage.dtype !== dtype || storage.length !== length) {
      invalidFile(`PyTorch file: storage ${show(key)} is described in two ways, the second at byte ${at}`)
    }
    return view === null ? storage : viewOf(storage, view, at, views)
  }

  const magic = unpickle(bytes, 0, 0, noStorage)
  if (magic.value !== magicNumber)
    invalidFile('PyTorch file: it does not begin with the magic number of torch.save')
  const version = unpickle(bytes, magic.end, 0, noStorage)
  if (version.value !== protocolVersion) {
    invalidFile(
      `PyTorch file: its format version is ${String(version.value)}; version ${protocolVersion} is read`,
    )
  }
  const system = unpickle(bytes, version.end, 0, noStorage)
  const object = unpickle(bytes, system.end, 0, persistent)
  const keys = unpickle(bytes, object.end, 0, noStorage)
  readStorages(bytes, keys.end, keys.value, storages)
  for (const { storage, base, offset } of views) {
    storage.bytes = base.bytes?.subarray(offset * elementBytes[base.dtype])
  }
  return checkpoint({
    format: 'pytorch-legacy',
    ...findStateDict(object.value, root),
    byteLength: bytes.length,
  })
}

function viewOf(base: PyStorage, view: PyValue, at: number, views: View[]): PyStorage {
  const [, offset, length] = view instanceof PyTuple ? view.items : []
  if (
    typeof offset !== 'number' ||
    typeof length !== 'number' ||
    !(offset >= 0 && length >= 0 && offset + length <= base.length) ||
    !Number.isInteger(offset + length)
  ) {
    return invalidFile(`PyTorch file: the view of a storage at byte ${at} lies outside it`)
  }
  const storage = new PyStorage(base.dtype, length)
  views.push({ storage, base, offset })
  return storage
}

function readStorages(
  bytes: Uint8Array,
  start: number,
  keys: PyValue,
  storages: ReadonlyMap<string, PyStorage>,
): void {
  if (!(keys instanceof PyList))
    invalidFile(`PyTorch file: the list of storages before byte ${start} is missing`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = start
  for (const key of keys.items) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined
    if (storage === undefined || storage.bytes !== undefined) {
      invalidFile(
        `PyTorch file: the data at byte ${at} belongs to ${typeof key === 'string' ? show(key) : 'a storage'}, which no tensor names or which came before`,
      )
    }
    const size = storage.length * elementBytes[storage.dtype]
    if (at + 8 + size > bytes.length) {
      invalidFile(
        `PyTorch file: storage ${show(String(key))} needs ${size} bytes at byte ${at + 8}, but the file ends at ${bytes.length}; it is cut short or damaged`,
      )
    }
    const count = view.getBigInt64(at, true)
    if (count !== BigInt(storage.length)) {
      invalidFile(
        `PyTorch file: storage ${show(String(key))} should hold ${storage.length} elements, but the data at byte ${at} says ${count}`,
      )
    }
    storage.bytes = bytes.subarray(at + 8, at + 8 + size)
    at += 8 + size
  }
}
