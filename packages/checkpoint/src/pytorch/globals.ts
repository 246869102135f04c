/**
 * The Python names that mean something here. A call of one of these builds a tensor or a container; a call of anything else
 * becomes a {@link PyOpaque}; a name that only serves to run code refuses the whole file.
 */
import { invalidFile } from '../invalid-file.ts'
import { elementBytes, maxRank, type StoredDType, viewProblem } from '../stored-tensor.ts'
import { PyDict, PyGlobal, PyList, PyOpaque, PyStorage, PyTensor, PyTuple, type PyValue } from './values.ts'

/** `torch/storage.py`, `_dtype_to_storage_type_map`. */
const storageTypes: ReadonlyMap<string, StoredDType> = new Map([
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['UntypedStorage', 'uint8'],
])

const torchTypes: ReadonlyMap<string, StoredDType> = new Map([
  ['torch.float64', 'float64'],
  ['torch.float32', 'float32'],
  ['torch.float16', 'float16'],
  ['torch.bfloat16', 'bfloat16'],
  ['torch.float8_e4m3fn', 'float8_e4m3'],
  ['torch.float8_e5m2', 'float8_e5m2'],
  ['torch.int64', 'int64'],
  ['torch.int32', 'int32'],
  ['torch.int16', 'int16'],
  ['torch.int8', 'int8'],
  ['torch.uint64', 'uint64'],
  ['torch.uint32', 'uint32'],
  ['torch.uint16', 'uint16'],
  ['torch.uint8', 'uint8'],
  ['torch.bool', 'bool'],
])

const codeModules = new Set(
  (
    'os posix nt sys subprocess importlib runpy pty socket shutil ctypes pickle _pickle marshal code codeop webbrowser ' +
    'multiprocessing threading _thread asyncio requests urllib http signal pdb bdb timeit cProfile profile pip commands ' +
    'operator _operator inspect types gc platform tempfile'
  ).split(' '),
)
const codeBuiltins = new Set(
  'eval exec execfile compile open getattr setattr delattr __import__ globals locals vars breakpoint input apply map filter'.split(
    ' ',
  ),
)

/** Refuse a global whose only use in a weights file is to run code. */
export function refuseCode(module: string, name: string, at: number): void {
  const [top = ''] = module.split('.', 1)
  const builtin = top === 'builtins' || top === '__builtin__'
  if (codeModules.has(top) || (builtin && codeBuiltins.has(name.split('.', 1)[0]!))) {
    invalidFile(
      `PyTorch file: the pickle asks for the Python function ${show(`${module}.${name}`)} at byte ${at}, which weights never need ` +
        'and attacks do; nothing was run, and the file is refused',
    )
  }
}

/** Quote a name from a file, shortened. */
export function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}

/** The element type of `torch.FloatStorage` and its like. */
export function storageType(value: PyValue): StoredDType | undefined {
  if (!(value instanceof PyGlobal)) return undefined
  const match = /^torch(?:\.cuda|\.storage)?\.(\w+)$/.exec(value.path)
  return match ? storageTypes.get(match[1]!) : undefined
}

/**
 * What `callee(*args)` builds. Never calls anything the file names.
 * @param spend Called with the number of items before they are copied.
 */
export function build(callee: PyValue, args: PyValue, at: number, spend: (count: number) => void): PyValue {
  if (!(callee instanceof PyGlobal)) return new PyOpaque('the result of another object', at)
  const items = args instanceof PyTuple ? args.items : []
  switch (callee.path) {
    case 'collections.OrderedDict':
    case 'collections.defaultdict':
    case 'collections.Counter':
    case 'builtins.dict':
    case '__builtin__.dict':
      return toDict(items, spend)
    case 'torch.Size':
      return items[0] instanceof PyList || items[0] instanceof PyTuple
        ? new PyTuple(items[0].items)
        : new PyTuple([])
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      return rebuildTensor(items, undefined, at)
    case 'torch._utils._rebuild_tensor_v3':
      return rebuildTensor(items, items[6], at)
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
    case 'torch.nn.parameter.Parameter':
      return items[0] instanceof PyTensor ? items[0] : new PyOpaque(callee.path, at)
    case 'torch._tensor._rebuild_from_type_v2': {
      const [rebuild, , inner] = items
      const nests = rebuild instanceof PyGlobal && rebuild.path === callee.path
      return rebuild === undefined || nests
        ? new PyOpaque(callee.path, at)
        : build(rebuild, inner ?? null, at, spend)
    }
    default:
      return new PyOpaque(callee.path, at)
  }
}

function toDict(args: readonly PyValue[], spend: (count: number) => void): PyDict {
  const dict = new PyDict()
  const [pairs] = args
  if (pairs instanceof PyDict && pairs.pairs) {
    spend(pairs.pairs.length)
    dict.pairs = pairs.pairs.slice()
  } else if (pairs instanceof PyList) {
    spend(pairs.items.length)
    for (const pair of pairs.items) {
      const [key, value] = pair instanceof PyList || pair instanceof PyTuple ? pair.items : []
      if (key !== undefined && value !== undefined) dict.set(key, value)
    }
  }
  return dict
}

function rebuildTensor(args: readonly PyValue[], type: PyValue | undefined, at: number): PyValue {
  const [storage, offset, shape, strides] = args
  if (
    !(storage instanceof PyStorage) ||
    typeof offset !== 'number' ||
    !(shape instanceof PyTuple) ||
    !(strides instanceof PyTuple) ||
    shape.items.length > maxRank ||
    strides.items.length > maxRank
  ) {
    return invalidFile(
      `PyTorch file: the tensor built at byte ${at} has arguments of the wrong kind or number`,
    )
  }
  const dtype =
    type === undefined ? storage.dtype : type instanceof PyGlobal ? torchTypes.get(type.path) : undefined
  if (dtype === undefined) {
    return invalidFile(
      `PyTorch file: the tensor built at byte ${at} has the unknown element type ${type instanceof PyGlobal ? show(type.path) : ''}`,
    )
  }
  const available = Math.floor((storage.length * elementBytes[storage.dtype]) / elementBytes[dtype])
  const sizes = shape.items.map(toNumber)
  const steps = strides.items.map(toNumber)
  const problem = viewProblem(sizes, steps, offset, available)
  if (problem !== undefined)
    invalidFile(`PyTorch file: the tensor built at byte ${at} is damaged: ${problem}`)
  return new PyTensor(storage, dtype, offset, sizes, steps)
}

function toNumber(value: PyValue): number {
  return typeof value === 'number' ? value : Number.NaN
}
