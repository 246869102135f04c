import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Tensors, tensor } from '@mobileone/core'
import { openModulePage } from '@mobileone/testkit'
import { reorder } from './compare.ts'

/** A tensor on its way to a page or back. */
export interface PageTensor {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

export interface LiteRt {
  /** Run the file on inputs by name; feature maps go in and come back as NCHW. */
  run(bytes: Uint8Array, inputs: Tensors): Promise<Tensors>
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
    async run(bytes, inputs) {
      writeFileSync(join(files, 'model.tflite'), bytes)
      const given = Object.entries(inputs).map(([name, input]) => {
        const { shape, data } = reorder(input, [0, 2, 3, 1])
        return [name, { shape, data: Array.from(data) }] as const
      })
      const made = await page.evaluate(
        (tensors) =>
          (
            globalThis as unknown as {
              runLiteRt(
                model: string,
                inputs: Record<string, PageTensor>,
              ): Promise<Record<string, PageTensor>>
            }
          ).runLiteRt('/files/model.tflite', tensors),
        Object.fromEntries(given),
      )
      return Object.fromEntries(
        Object.entries(made).map(([name, { shape, data }]) => [
          name,
          reorder(tensor(shape, Float32Array.from(data)), [0, 3, 1, 2]),
        ]),
      )
    },
    async close() {
      await close()
      rmSync(files, { recursive: true, force: true })
    },
  }
}
