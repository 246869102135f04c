/** The folder `--gpu-folder` writes: a program, Dawn, a network of random weights and what it must answer. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { MobileOneError, type Model, type OnProgress } from '@mobileone/core'
import { prepareSubject } from '@mobileone/measure'
import { dist, packageFolder, packageVersion } from '../paths.ts'

export interface FolderOptions {
  readonly variant: string
  /** With random weights: the folder may be given to anyone. */
  readonly model: Model
  /** Of {@link platforms}. */
  readonly platform: string
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** The platforms the package `webgpu` has a binary of Dawn for. */
export function platforms(): readonly string[] {
  return readdirSync(join(packageFolder('webgpu'), 'dist')).sort()
}

/** This machine's, in the words of the package `webgpu`. */
export const thisPlatform: string = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`

/** @throws MobileOneError `invalid-argument` for a folder with something in it or a platform without a binary. */
export async function writeFolder(folder: string, options: FolderOptions): Promise<void> {
  const { variant, model, platform, onProgress, signal } = options
  if (!platforms().includes(platform)) {
    throw new MobileOneError(
      'invalid-argument',
      `there is no Dawn for "${platform}"; --platform takes ${platforms().join(', ')}`,
    )
  }
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new MobileOneError('invalid-argument', `${folder} is not empty; name a new folder`)
  }
  onProgress?.({ phase: `${variant}: reference`, done: 0 })
  const subject = await prepareSubject(variant, model, signal)
  const binary = join('dist', platform)
  for (const name of ['index.js', 'package.json', 'LICENSE.md', binary]) {
    cpSync(join(packageFolder('webgpu'), name), join(folder, 'webgpu', name), { recursive: true })
  }
  mkdirSync(folder, { recursive: true })
  cpSync(join(dist, 'portable-gpu-benchmark', 'bench.mjs'), join(folder, 'bench.mjs'))
  const [input = ''] = Object.keys(model.inputs)
  const [output = ''] = Object.keys(model.outputs)
  const about = {
    variant,
    input,
    inputShape: subject.input.shape,
    output,
    versions: Object.fromEntries(
      ['@mobileone/backend-webgpu', 'webgpu'].map((name) => [name, packageVersion(name)]),
    ),
  }
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'about.json': `${JSON.stringify(about, undefined, 1)}\n`,
    'README.md': readme(variant, platform),
    [`${variant}.safetensors`]: toSafetensors(model),
    'input.f32': bytesOf(subject.input.data),
    'logits.f32': bytesOf(Float32Array.from(subject.expected)),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function readme(variant: string, platform: string): string {
  return `# MobileOne ${variant.toUpperCase()} on a GPU

Measures MobileOne's WebGPU backend in Node, through Dawn, on ${platform}. Copy this folder to the machine; it needs Node 20.19 or newer
and the GPU's driver, and nothing is installed or fetched.

\`\`\`sh
node bench.mjs
node bench.mjs --json result.json
node bench.mjs --precision f16-storage    # where the GPU has shader-f16
node bench.mjs --help
\`\`\`

It compares the logits with those of the naive reference, stored here, and fails where they differ by more than 1e-3 of the largest
(5e-2 for float16 storage). Then it prints adapter and features, what a run asks of the GPU, how long a run takes with and without
reading the logits back and when many are submitted back to back, and the time of every dispatch.

On Linux, Dawn needs the Vulkan loader (Debian: \`libvulkan1\`) and the driver's ICD file, which \`vulkaninfo --summary\` lists; in a
container, the NVIDIA one needs \`NVIDIA_DRIVER_CAPABILITIES=all\`. Without a GPU, SwiftShader, which comes with Chromium, stands in:

\`\`\`sh
LD_LIBRARY_PATH=/usr/lib/chromium VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json node bench.mjs
\`\`\`

| file | what |
| --- | --- |
| \`bench.mjs\` | the program, with the backend in it |
| \`webgpu/\` | the package [webgpu](https://www.npmjs.com/package/webgpu): Dawn for Node, with the binary for ${platform} alone |
| \`${variant}.safetensors\` | the network, deploy form: random weights from a seed |
| \`input.f32\`, \`logits.f32\` | an input, and what the reference makes of it |
`
}
