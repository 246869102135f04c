/** `npm run compare`: the commands whose tables make docs/comparison.md, one after another. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MobileOneError, printable } from '@mobileone/core'
import { type Comparison, stepsOf } from './compare-steps.ts'
import { dist } from './paths.ts'

const help = `Measures this project beside onnxruntime-web, TensorFlow.js, LiteRT.js and MediaPipe on this machine, in Chromium and Node, and writes the
tables of docs/comparison.md: downloads, speed and accuracy in float32 and int8, WebGPU, starts, a camera page. A quarter of an hour; let the
machine do nothing else meanwhile.

  npm run compare -- [--quick] [--write FILE] [--int8-onnx FILE] [--int8-tflite FILE]

--quick         Few runs: to see that all works, not for figures.
--write         The Markdown file. Default: docs/comparison.md.
--int8-onnx     S0 in int8 by ONNX Runtime's own tools, measured too (apps/benchmark/recipes/quantize-rivals.py).
--int8-tflite   The same of LiteRT's.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'string', default: 'docs/comparison.md' },
      'int8-onnx': { type: 'string' },
      'int8-tflite': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const { quick, write, 'int8-onnx': onnx, 'int8-tflite': tflite } = values
  const comparison: Comparison = { quick, write, int8Files: { onnx, tflite } }
  for (const { command, program, args } of stepsOf(comparison)) {
    process.stderr.write(`\nnpm run ${command} -- ${args.join(' ')}\n`)
    const status = await ended(join(dist, `${program}.mjs`), args)
    if (status !== 0) throw new MobileOneError('unavailable', `npm run ${command} ended with ${status}`)
  }
}

function ended(program: string, args: readonly string[]): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? signal))
  })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`compare: ${printable(String((error as Error).message))}\n`)
  process.exitCode = 1
}
