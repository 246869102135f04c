/** The program of the folder `--gpu-folder` writes: our WebGPU backend under Dawn, on the GPU of whatever machine this is. */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { webgpu } from '@mobileone/backend-webgpu'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { isMobileOneError, MobileOneError, printableLines, profile, tensor } from '@mobileone/core'
import { countGpu, describeAdapter, type GpuScope } from '@mobileone/measure'
import { measureExecutor } from './measure-executor.ts'
import { help, type Options, parseOptions } from './options.ts'
import { type FolderReport, folderText } from './report.ts'

interface About {
  readonly variant: string
  readonly input: string
  readonly inputShape: readonly number[]
  readonly output: string
  readonly versions: Readonly<Record<string, string>>
}

const file = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(name, import.meta.url)))
const floats = (name: string): Float32Array => new Float32Array(file(name).buffer)

async function main(options: Options): Promise<FolderReport> {
  const about = JSON.parse(new TextDecoder().decode(file('about.json'))) as About
  const { create, globals } = await openDawn()
  const counter = countGpu(globals)
  // Dawn crashes when its entry point is collected while a device lives.
  const gpu = ((globalThis as { dawn?: GPU }).dawn = create([
    'disable-dawn-features=timestamp_quantization',
    ...options.dawn,
  ]))
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    throw new MobileOneError(
      'unavailable',
      'Dawn found no adapter: install the Vulkan driver of the GPU and its loader (libvulkan.so.1), or see README.md',
    )
  }
  const device = await openDevice(adapter)
  const model = modelFromCheckpoint(readCheckpoint(file(`${about.variant}.safetensors`)))
  const begin = performance.now()
  const executor = await webgpu({ device, precision: options.precision }).compile(model)
  const compileMs = performance.now() - begin
  const inputs = { [about.input]: tensor(about.inputShape, floats('input.f32')) }
  const measured = await measureExecutor({
    executor,
    device,
    counter,
    inputs,
    output: about.output,
    expected: floats('logits.f32'),
    options,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  })
  await executor.dispose()
  device.destroy()
  return {
    date: new Date().toISOString(),
    variant: about.variant,
    precision: options.precision,
    adapter: describeAdapter(adapter.info),
    features: [...device.features].sort(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      platform: `${process.platform} ${process.arch}`,
    },
    versions: { ...about.versions, node: process.versions.node },
    macs: profile(model).macs,
    compileMs,
    bufferBytes: executor.memory.bytes,
    ...measured,
  }
}

type Dawn = { readonly globals: GpuScope; create(options: readonly string[]): GPU }

async function openDawn(): Promise<Dawn> {
  try {
    return (await import(new URL('./webgpu/index.js', import.meta.url).href)) as Dawn
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `the folder webgpu/ has no Dawn that loads on ${process.platform} ${process.arch} (${(cause as Error).message.split('\n')[0]}); write the folder again with --platform`,
      { cause },
    )
  }
}

function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const wanted: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups']
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  })
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options) {
    const report = await main(options)
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 1)}\n`)
    process.stdout.write(folderText(report))
  } else process.stdout.write(help)
  process.exit(0)
} catch (error) {
  const message = isMobileOneError(error) ? error.message : String((error as Error).stack)
  process.stderr.write(`bench: ${printableLines(message)}\n`)
  process.exit(1)
}
