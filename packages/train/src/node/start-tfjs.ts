import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MobileOneError } from '@mobileone/core'
import { registerWasmGradients, shareClones, type Tfjs } from '@mobileone/tfjs-wasm-gradients'

/** A backend of TensorFlow.js that trains in Node without native code. */
export type TrainingBackend = 'wasm' | 'cpu'

/** Which TensorFlow.js is loaded, and with which backend. */
export interface StartTfjsOptions {
  /** Default `wasm`. */
  readonly backend?: TrainingBackend
  /** The project whose TensorFlow.js is used. Default: the working directory, then this package's own neighbours. */
  readonly project?: string
}

/**
 * TensorFlow.js of the project, with gradients, its backend started and, for `wasm`, this package's gradient kernels and
 * clones that share memory.
 * @throws MobileOneError `unavailable` naming the package to install.
 */
export async function startTfjs(options: StartTfjsOptions = {}): Promise<Tfjs> {
  const { backend = 'wasm', project = process.cwd() } = options
  const tf = await load<Tfjs>('@tensorflow/tfjs', project)
  if (backend === 'wasm') await load('@tensorflow/tfjs-backend-wasm', project)
  if (!(await tf.setBackend(backend)))
    throw new MobileOneError('unavailable', `TensorFlow.js does not start its backend "${backend}"`)
  if (backend === 'wasm') {
    await registerWasmGradients(tf)
    shareClones(tf)
  }
  return tf
}

async function load<T>(name: string, project: string): Promise<T> {
  for (const base of [join(project, 'package.json'), import.meta.url]) {
    let path: string
    try {
      path = createRequire(base).resolve(name)
    } catch {
      continue
    }
    const loaded = (await withoutBanner(() => import(pathToFileURL(path).href))) as { default?: T } & T
    return loaded.default ?? loaded
  }
  throw new MobileOneError(
    'unavailable',
    `training needs TensorFlow.js: npm i @tensorflow/tfjs @tensorflow/tfjs-backend-wasm (${name} was not found)`,
  )
}

/** TensorFlow.js advertises its native backend on standard error when it is loaded in Node. */
async function withoutBanner<T>(load: () => Promise<T>): Promise<T> {
  const { warn } = console
  console.warn = () => {}
  try {
    return await load()
  } finally {
    console.warn = warn
  }
}
