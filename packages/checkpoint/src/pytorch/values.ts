/** What a restricted unpickler can build: inert data. Nothing here has behaviour, and nothing is ever looked up or called. */
import type { StoredDType } from '../stored-tensor.ts'

export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyTuple
  | PyList
  | PyDict
  | PyGlobal
  | PyOpaque
  | PyStorage
  | PyTensor

export class PyTuple {
  readonly items: readonly PyValue[]
  constructor(items: readonly PyValue[]) {
    this.items = items
  }
}

export class PyList {
  readonly items: PyValue[] = []
}

/** Keys and values alternate, in the order they were set; a later key replaces an equal earlier one. */
export class PyDict {
  pairs: PyValue[] | undefined
  set(key: PyValue, value: PyValue): void {
    if (this.pairs === undefined) this.pairs = [key, value]
    else this.pairs.push(key, value)
  }
  /** The entries under string keys. */
  strings(): Map<string, PyValue> {
    const map = new Map<string, PyValue>()
    const pairs = this.pairs ?? []
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const key = pairs[i]
      if (typeof key === 'string') map.set(key, pairs[i + 1]!)
    }
    return map
  }
}

/** A Python name that the file mentions, such as `torch._utils._rebuild_tensor_v2`. */
export class PyGlobal {
  readonly path: string
  readonly at: number
  constructor(path: string, at: number) {
    this.path = path
    this.at = at
  }
}

/** An object that was not built: what the file asked to call, and where. */
export class PyOpaque {
  readonly what: string
  readonly at: number
  constructor(what: string, at: number) {
    this.what = what
    this.at = at
  }
}

export class PyStorage {
  readonly dtype: StoredDType
  /** In elements. */
  readonly length: number
  /** In legacy files the bytes follow the pickle, so they are set after it has been read. */
  bytes: Uint8Array | undefined
  constructor(dtype: StoredDType, length: number, bytes?: Uint8Array) {
    this.dtype = dtype
    this.length = length
    this.bytes = bytes
  }
}

/** A view of a storage whose bounds have been checked. Strides and offset are in elements of `dtype`. */
export class PyTensor {
  readonly storage: PyStorage
  readonly dtype: StoredDType
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  constructor(
    storage: PyStorage,
    dtype: StoredDType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage
    this.dtype = dtype
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}
