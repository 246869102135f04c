import type { Model, Weight } from '@mobileone/core'

type Elements = Float32Array | Int8Array

/** `model` with its weights in memory that all threads of a process read, copied unless they lie there already. */
export function shareModel(model: Model): Model {
  return mapElements(model, (data) =>
    data.buffer instanceof SharedArrayBuffer
      ? data
      : copyInto(new SharedArrayBuffer(data.byteLength) as unknown as ArrayBuffer, data),
  )
}

/** `model` with weights of its own: not all that takes a model takes shared memory. */
export function unshareModel(model: Model): Model {
  return mapElements(model, (data) => copyInto(new ArrayBuffer(data.byteLength), data))
}

function copyInto<T extends Elements>(buffer: ArrayBuffer, data: T): T {
  const copy = new (data.constructor as new (buffer: ArrayBuffer) => T)(buffer)
  copy.set(data)
  return copy
}

function mapElements(model: Model, map: <T extends Elements>(data: T) => T): Model {
  const mapped = (weight: Weight): Weight => ({
    ...weight,
    ...Object.fromEntries(
      Object.entries(weight).map(([key, part]) => [
        key,
        ArrayBuffer.isView(part) ? map(part as Elements) : part,
      ]),
    ),
  })
  return {
    ...model,
    weights: Object.fromEntries(
      Object.entries(model.weights).map(([name, weight]) => [name, mapped(weight)]),
    ),
  }
}
