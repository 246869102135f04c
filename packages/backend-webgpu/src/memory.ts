/** Buffers of a plan: one of weights, one an input, and slots that feature maps take turns in. */

export interface PlannedBuffer {
  readonly kind: 'weights' | 'input' | 'slot'
  bytes: number
}

/** A part of a planned buffer. */
export interface Region {
  readonly buffer: PlannedBuffer
  readonly offset: number
  readonly bytes: number
}

/** Data written once, when the buffers are made. */
export interface Constant {
  readonly region: Region
  /** Stored as float16. */
  readonly half: boolean
  readonly floats: number
  /** Write over zeros. */
  readonly fill: (to: Float32Array) => void
}

/** A buffer that holds a value, with the number of reads still to come; its slot is free again when they are done. */
export interface Allocation {
  readonly buffer: PlannedBuffer
  reads: number
}

/** The alignment every device accepts for the offset of a binding. */
const ALIGNMENT = 256

export class Memory {
  readonly weights: PlannedBuffer = { kind: 'weights', bytes: 0 }
  readonly buffers: PlannedBuffer[] = [this.weights]
  readonly constants: Constant[] = []
  readonly #free: PlannedBuffer[] = []

  input(bytes: number, reads: number): Allocation {
    return { buffer: this.#add('input', bytes), reads }
  }

  /** The free slot that wastes least, or else grows least, or a new one. */
  allocate(bytes: number, reads: number): Allocation {
    const wins = (slot: PlannedBuffer, best: PlannedBuffer): boolean => {
      if (slot.bytes < bytes) return slot.bytes > best.bytes
      return best.bytes < bytes || slot.bytes < best.bytes
    }
    let best: PlannedBuffer | undefined
    for (const slot of this.#free) if (!best || wins(slot, best)) best = slot
    if (!best) return { buffer: this.#add('slot', bytes), reads }
    this.#free.splice(this.#free.indexOf(best), 1)
    best.bytes = Math.max(best.bytes, bytes)
    return { buffer: best, reads }
  }

  /** A value has been read. */
  release(allocation: Allocation): void {
    if (--allocation.reads === 0 && allocation.buffer.kind === 'slot') this.#free.push(allocation.buffer)
  }

  constant(floats: number, half: boolean, fill: (to: Float32Array) => void): Region {
    const offset = Math.ceil(this.weights.bytes / ALIGNMENT) * ALIGNMENT
    const region: Region = { buffer: this.weights, offset, bytes: floats * (half ? 2 : 4) }
    this.weights.bytes = offset + region.bytes
    this.constants.push({ region, half, floats, fill })
    return region
  }

  #add(kind: 'input' | 'slot', bytes: number): PlannedBuffer {
    const buffer: PlannedBuffer = { kind, bytes }
    this.buffers.push(buffer)
    return buffer
  }
}
