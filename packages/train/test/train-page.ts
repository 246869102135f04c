import { wasm } from '@mobileone/backend-wasm'
import { reparameterize } from '@mobileone/core'
import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'
// @ts-expect-error: the declarations of TensorFlow.js leave out this module.
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import { registerWasmGradients } from '@mobileone/tfjs-wasm-gradients'
import { createNetwork } from '../src/gradients/loss-gradients.ts'
import { flatten } from '../src/gradients/parameter-layout.ts'
import { fashionMnistRecipe } from '../src/recipe.ts'
import { evaluate } from '../src/trainer/evaluate.ts'
import { train } from '../src/trainer/train.ts'
import { largestDifference, randomBatch, tinyModel } from './models.ts'
import { stripes } from './stripes.ts'

export interface TrainedInPage {
  readonly losses: readonly number[]
  readonly nodes: number
  readonly top1: number
  readonly leaked: number
}

const model = tinyModel(2)
setWasmPaths('/tfjs/')

async function start(backend: string): Promise<void> {
  await registerWasmGradients(tf)
  if (!(await tf.setBackend(backend))) throw new Error(`${backend} does not start`)
}

/** Largest difference of a gradient from that of the backend `cpu`. */
async function gradientDifference(backend: string): Promise<number> {
  const gradients = async (name: string): Promise<Float32Array> => {
    await start(name)
    const network = createNetwork(tf, model)
    const parameters = flatten(network.layouts.parameters, model)
    return (await network.gradients(parameters, randomBatch(model, 5), 0.1)).gradients.slice()
  }
  return largestDifference(await gradients('cpu'), await gradients(backend))
}

async function trainInPage(backend: string): Promise<TrainedInPage> {
  await start(backend)
  const recipe = fashionMnistRecipe({
    epochs: 2,
    ema: { decay: 0.9 },
    curriculum: [{ from: 0, size: [8, 6], strength: 1, batchSize: 20 }],
  })
  const before = tf.memory().numTensors
  const result = await train(model, { lib: tf, recipe, data: stripes(200) })
  const leaked = tf.memory().numTensors - before
  const folded = reparameterize(result.model)
  const { top1 } = await evaluate(folded, stripes(60), { backend: wasm() })
  return {
    losses: result.history.map(({ loss }) => loss),
    nodes: folded.nodes.filter(({ op }) => op === 'batchNorm' || op === 'add').length,
    top1,
    leaked,
  }
}

const page = { trainInPage, gradientDifference }
export type TrainPage = typeof page
Object.assign(globalThis, page)
