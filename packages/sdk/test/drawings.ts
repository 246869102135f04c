import type { Pixels } from '@mobileone/vision'

/** The embedded model, trained on Fashion-MNIST. */
export const demoModel = new URL('../../../apps/demo/assets/fashion-mnist.safetensors', import.meta.url)

/** A grey picture of a shape at a random place: something the embedded model was never trained on. */
export function drawing(kind: 'bars' | 'disc' | 'cross', seed: number): Pixels {
  const size = 28
  const data = new Uint8Array(size * size)
  const [cx, cy, r] = [11 + (seed % 5), 11 + ((seed >> 1) % 6), 6 + (seed % 4)]
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [dx, dy] = [Math.abs(x - cx), Math.abs(y - cy)]
      const inside = {
        bars: dx <= r && dy <= r && (y + seed) % 4 < 2,
        disc: dx * dx + dy * dy <= r * r,
        cross: Math.max(dx, dy) <= r && Math.min(dx, dy) <= 2,
      }[kind]
      data[y * size + x] = (inside ? 200 : 10) + ((x * 7 + y * 13 + seed * 29) % 37)
    }
  }
  return { width: size, height: size, channels: 1, data }
}

export const drawings = (kind: Parameters<typeof drawing>[0], from: number, count: number): Pixels[] =>
  Array.from({ length: count }, (_, index) => drawing(kind, from + index))
