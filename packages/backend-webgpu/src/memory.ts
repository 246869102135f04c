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

/** A slot with the number of reads still to come; it is free again when they are done. */
export interface Lease {
  readonly buffer: PlannedBuffer
  reads: number
}

/** The alignment every device accepts for the offset of a binding. */
const ALIGNMENT = 256

export class Memory {
  readonly weights: PlannedBuffer = { kind: 'weights', bytes: 0 }
  readonly buffers: PlannedBuffer[] = [this.weights]
  readonly constants: Constant[] = []
  private readonly free: PlannedBuffer[] = []

  input(bytes: number, reads: number): Lease {
    const buffer: PlannedBuffer = { kind: 'input', bytes }
    this.buffers.push(buffer)
    return { buffer, reads }
  }

  /** The free slot that wastes least, or else grows least, or a new one. */
  lease(bytes: number, reads: number): Lease {
    const fits = this.free.filter((slot) => slot.bytes >= bytes).sort((a, b) => a.bytes - b.bytes)
    const slot = fits[0] ?? [...this.free].sort((a, b) => b.bytes - a.bytes)[0]
    if (slot) {
      this.free.splice(this.free.indexOf(slot), 1)
      slot.bytes = Math.max(slot.bytes, bytes)
      return { buffer: slot, reads }
    }
    const buffer: PlannedBuffer = { kind: 'slot', bytes }
    this.buffers.push(buffer)
    return { buffer, reads }
  }

  release(lease: Lease): void {
    if (--lease.reads === 0 && lease.buffer.kind === 'slot') this.free.push(lease.buffer)
  }

  constant(floats: number, half: boolean, fill: (to: Float32Array) => void): Region {
    const offset = Math.ceil(this.weights.bytes / ALIGNMENT) * ALIGNMENT
    const region: Region = { buffer: this.weights, offset, bytes: floats * (half ? 2 : 4) }
    this.weights.bytes = offset + region.bytes
    this.constants.push({ region, half, floats, fill })
    return region
  }
}
