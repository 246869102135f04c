import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Tensors, tensor } from '@mobileone/core'
import { python } from '@mobileone/testkit'
import { expect } from 'vitest'
import { reorder } from './compare.ts'

const script = fileURLToPath(new URL('interpret.py', import.meta.url))

export interface Job {
  readonly bytes: Uint8Array
  /** By the names of the signature; feature maps are NCHW. */
  readonly inputs: Tensors
  /** Default: all that the script knows. */
  readonly kernels?: readonly string[]
}

/** Run files on LiteRT's interpreter for Python: for each job its outputs, NCHW, by the name of the kernels that made them. */
export function interpret(jobs: readonly Job[]): readonly Readonly<Record<string, Tensors>>[] {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-tflite-'))
  try {
    const listed = jobs.map(({ bytes, inputs, kernels }, index) => {
      const at = join(folder, String(index))
      writeFileSync(`${at}.tflite`, bytes)
      const written = Object.entries(inputs).map(([name, given]) => {
        const { shape, data } = reorder(given, [0, 2, 3, 1])
        const path = `${at}-${name}.f32`
        writeFileSync(path, data)
        return [name, { path, shape }]
      })
      return { model: `${at}.tflite`, inputs: Object.fromEntries(written), outputs: at, kernels }
    })
    const list = join(folder, 'jobs.json')
    writeFileSync(list, JSON.stringify(listed))
    const { status, stdout, stderr } = spawnSync(python, [script, list], { encoding: 'utf8', maxBuffer: 1e8 })
    expect(status, stderr).toBe(0)
    const lines = stdout.trim().split('\n')
    return lines.map((line, index) => {
      const made = JSON.parse(line) as Record<string, Record<string, number[]>>
      const byKernels = Object.entries(made).map(([kernels, shapes]) => {
        const outputs = Object.entries(shapes).map(([name, shape]) => {
          const stored = readFileSync(join(folder, `${index}-${kernels}-${name}.f32`))
          const elements = new Float32Array(Uint8Array.from(stored).buffer)
          return [name, reorder(tensor(shape, elements), [0, 3, 1, 2])]
        })
        return [kernels, Object.fromEntries(outputs) as Tensors]
      })
      return Object.fromEntries(byKernels) as Record<string, Tensors>
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
