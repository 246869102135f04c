/** Finds a driver that computes wrongly, before it gives a wrong answer. */
import {
  type Executor,
  MobileOneError,
  type Model,
  random,
  reference,
  type Tensor,
  type Tensors,
  tensor,
  withInputs,
  withOutputs,
} from '@mobileone/core'

/** Inputs of the model with the outputs they must give. */
export interface Golden {
  readonly inputs: Tensors
  readonly outputs: Tensors
  /** Largest allowed difference over the largest magnitude of the output (or 1). Default 1e-3, float16 storage 5e-2. */
  readonly tolerance?: number
}

/** Height and width to which feature maps are cut for the check against the reference. */
const SIDE = 64

/** @throws MobileOneError `unavailable` naming the output that differs. */
export async function checkGolden(executor: Executor, golden: Golden, tolerance: number): Promise<void> {
  const got = await executor.run(golden.inputs)
  for (const [name, wanted] of Object.entries(golden.outputs)) {
    const result = got[name]
    if (!result) {
      throw new MobileOneError(
        'invalid-argument',
        `webgpu: verify names an output "${name}", which the model lacks`,
      )
    }
    const worst = distance(result, wanted)
    if (worst > (golden.tolerance ?? tolerance)) {
      throw new MobileOneError(
        'unavailable',
        `webgpu: this device computes output "${name}" ${describe(worst)}`,
      )
    }
  }
}

/**
 * Run `model`, made smaller where it can be, on a random input and compare every value in memory with the reference.
 * @throws MobileOneError `unavailable` naming the first node that differs.
 */
export async function checkNodes(
  model: Model,
  results: readonly string[],
  compile: (model: Model) => Promise<Executor>,
  tolerance: number,
): Promise<void> {
  const small = withOutputs(shrink(model), Object.fromEntries(results.map((name) => [name, name])))
  const source = random(1)
  const inputs = Object.fromEntries(
    Object.entries(small.inputs).map(([name, { shape }]) => {
      const input = tensor(shape)
      for (let i = 0; i < input.data.length; i++) input.data[i] = source.normal()
      return [name, input]
    }),
  )
  const wanted = await runOnce(await reference().compile(small), inputs)
  const got = await runOnce(await compile(small), inputs)
  for (const name of results) {
    const worst = distance(got[name]!, wanted[name]!)
    if (worst > tolerance) {
      throw new MobileOneError(
        'unavailable',
        `webgpu: this device computes node "${name}" ${describe(worst)}`,
      )
    }
  }
}

async function runOnce(executor: Executor, inputs: Tensors): Promise<Tensors> {
  try {
    return await executor.run(inputs)
  } finally {
    await executor.dispose()
  }
}

function shrink(model: Model): Model {
  const shapes = Object.entries(model.inputs).map(([name, { shape }]) => [
    name,
    shape.map((size, axis) => (axis === 0 ? 1 : axis === 1 ? size : Math.min(size, SIDE))),
  ])
  try {
    return withInputs(model, Object.fromEntries(shapes))
  } catch {
    return model
  }
}

/** The largest difference over the largest magnitude of `wanted` (or 1); infinite where one of two is not a number. */
function distance(got: Tensor, wanted: Tensor): number {
  let [scale, worst] = [1, 0]
  for (const value of wanted.data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value))
  for (const [i, value] of wanted.data.entries()) {
    const x = got.data[i]!
    if (Object.is(x, value) || x === value) continue
    const gap = Math.abs(x - value)
    worst = Math.max(worst, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap)
  }
  return worst / scale
}

function describe(worst: number): string {
  return `wrongly (off by ${worst.toPrecision(2)} of its range); update the GPU's driver, or use another backend`
}
