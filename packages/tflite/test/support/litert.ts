import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Tensor, tensor } from '@mobileone/core'
import { openModulePage } from '@mobileone/testkit'

export interface LiteRt {
  /** Run the file on an NCHW input; a feature map comes back as NCHW. */
  run(bytes: Uint8Array, input: Tensor): Promise<Tensor>
  close(): Promise<void>
}

/** LiteRT.js with its WebAssembly accelerator in headless Chromium. */
export async function openLiteRt(): Promise<LiteRt> {
  const files = mkdtempSync(join(tmpdir(), 'mobileone-tflite-'))
  const { page, close } = await openModulePage({
    entry: fileURLToPath(new URL('litert-page.ts', import.meta.url)),
    folders: {
      '/litert/': fileURLToPath(new URL('../../node_modules/@litertjs/core/wasm', import.meta.url)),
      '/files/': files,
    },
  })
  await page.waitForFunction(() => 'runLiteRt' in globalThis)
  return {
    async run(bytes, input) {
      const given = reorder(input, [0, 2, 3, 1])
      writeFileSync(join(files, 'model.tflite'), bytes)
      writeFileSync(join(files, 'input.f32'), new Uint8Array(given.data.buffer))
      const { shape, data } = await page.evaluate(
        (inputShape) =>
          (
            globalThis as unknown as {
              runLiteRt(
                model: string,
                input: string,
                shape: readonly number[],
              ): Promise<{ shape: number[]; data: number[] }>
            }
          ).runLiteRt('/files/model.tflite', '/files/input.f32', inputShape),
        given.shape,
      )
      return reorder(tensor(shape, Float32Array.from(data)), [0, 3, 1, 2])
    },
    async close() {
      await close()
      rmSync(files, { recursive: true, force: true })
    },
  }
}

/** Axis i of the result is axis `order[i]` of `source`; vectors stay as they are. */
function reorder(source: Tensor, order: readonly number[]): Tensor {
  if (source.shape.length !== 4) return source
  const strides = source.shape.map((_, axis) => source.shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const shape = order.map((axis) => source.shape[axis] as number)
  const data = Float32Array.from({ length: source.data.length }, (_, index) => {
    let rest = index
    let from = 0
    for (let axis = 3; axis >= 0; axis--) {
      const size = shape[axis] as number
      from += (rest % size) * (strides[order[axis] as number] as number)
      rest = Math.floor(rest / size)
    }
    return source.data[from] as number
  })
  return tensor(shape, data)
}
