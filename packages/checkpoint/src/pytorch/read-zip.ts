import { type Checkpoint, checkpoint } from '../checkpoint.ts'
import { invalidFile } from '../invalid-file.ts'
import { elementBytes } from '../stored-tensor.ts'
import { show, storageType } from './globals.ts'
import { findStateDict } from './state-dict.ts'
import { unpickle } from './unpickle.ts'
import { PyStorage, PyTuple, type PyValue } from './values.ts'
import { readZip } from './zip.ts'

/**
 * Read what `torch.save` writes since PyTorch 1.6: a zip of `data.pkl` and one stored record per storage. Tensors are views of
 * `bytes`; the checksums of the zip are not verified.
 * @throws MobileOneError `invalid-file`, with the byte offset.
 */
export function readPyTorchZip(bytes: Uint8Array, root?: string): Checkpoint {
  const zip = readZip(bytes)
  const pickleName = zip.names.find((name) => /^[^/]+\/data\.pkl$/.test(name))
  const prefix = pickleName?.slice(0, -'data.pkl'.length)
  if (pickleName === undefined || prefix === undefined) return refuse(zip.names)
  if (zip.names.includes(`${prefix}constants.pkl`)) {
    invalidFile(
      'this is a TorchScript archive (torch.jit.save); in Python, save `model.state_dict()` with torch.save, or the weights as safetensors',
    )
  }
  const order = zip.get(`${prefix}byteorder`)
  if (order !== undefined && new TextDecoder().decode(order.subarray(0, 16)).trim() !== 'little') {
    invalidFile('PyTorch file: it was saved on a big-endian machine; save it again on a little-endian one')
  }

  const pickle = zip.get(pickleName)!
  const storages = new Map<string, PyStorage>()
  const persistent = (id: PyValue, at: number): PyValue => {
    const [kind, type, key, , length] = id instanceof PyTuple ? id.items : []
    const dtype = storageType(type ?? null)
    if (kind !== 'storage' || dtype === undefined || typeof key !== 'string' || typeof length !== 'number') {
      return invalidFile(`PyTorch file: the storage named at byte ${at} is of an unknown kind`)
    }
    const known = storages.get(key)
    if (known?.dtype === dtype && known.length === length) return known
    const record = zip.get(`${prefix}data/${key}`)
    if (record === undefined) {
      return invalidFile(`PyTorch file: the record of storage ${show(key)}, named at byte ${at}, is missing`)
    }
    if (!Number.isSafeInteger(length) || length < 0 || length * elementBytes[dtype] > record.length) {
      invalidFile(
        `PyTorch file: storage ${show(key)}, named at byte ${at}, should hold ${length} ${dtype} elements, but its record has ${record.length} bytes`,
      )
    }
    const storage = new PyStorage(dtype, length, record)
    storages.set(key, storage)
    return storage
  }
  const { value } = unpickle(pickle, 0, pickle.byteOffset - bytes.byteOffset, persistent)
  return checkpoint({ format: 'pytorch-zip', ...findStateDict(value, root), byteLength: bytes.length })
}

function refuse(names: readonly string[]): never {
  const isCoreMl = names.some((name) => /\.mlmodelc?(\/|$)|\.mlpackage\//.test(name))
  return invalidFile(
    isCoreMl
      ? 'this is a zipped Core ML package; read it with fromCoreML of @mobileone/coreml'
      : `this zip file was not written by torch.save: it has no data.pkl, but ${names.slice(0, 5).map(show).join(', ') || 'nothing'}`,
  )
}
