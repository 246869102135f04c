import {
  type Executor,
  hasIntegerLayers,
  int8Tolerance,
  type Model,
  print,
  reference,
  sameShape,
  type Tensors,
} from '@mobileone/core'
import { findDifference } from './compare.ts'
import type { Context } from './context.ts'

/** One model with inputs, and how it was made. */
export interface Trial {
  readonly seed: number
  /** Everything that was drawn: printed where the trial fails. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly model: Model
  readonly inputs: Tensors
  /** The expected outputs, where they are not those of the reference backend. */
  readonly outputs?: Tensors
  /** In place of the suite's. */
  readonly tolerance?: number
  /** The same for an executor that computes layers in integers. Default: {@link int8Tolerance}, where that is more. */
  readonly int8Tolerance?: number
}

/**
 * Compile and run `trial`, and compare with the reference backend: its integers where the executor says that it computes in them, and
 * otherwise the float32 weights that they stand for. @throws Error with every parameter and the seed. */
export async function checkTrial(context: Context, trial: Trial): Promise<void> {
  const { model, inputs } = trial
  try {
    const refused = context.backend.unsupported(model)
    if (refused.length > 0) {
      const nodes = refused.map((node) => `"${node.name}" (${node.op})`).join(', ')
      throw new Error(
        `there is no kernel for ${nodes}; name the case or the op among the exceptions, with a reason`,
      )
    }
    const executor = await context.backend.compile(model)
    try {
      const wanted = trial.outputs ?? (await expectedOutputs(model, inputs, executor))
      const got = await executor.run(inputs)
      const problem = findDifference(got, wanted, toleranceOf(trial, context, executor))
      if (problem) throw new Error(problem)
      for (const [name, output] of Object.entries(wanted)) {
        const declared = executor.outputs[name]
        if (!declared || !sameShape(declared.shape, output.shape)) {
          throw new Error(
            `executor.outputs says [${declared?.shape}] of "${name}", which has shape [${output.shape}]`,
          )
        }
      }
    } finally {
      await executor.dispose()
    }
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : cause}\n${describe(trial)}`, { cause })
  }
}

function toleranceOf(trial: Trial, context: Context, { precision }: Executor): number {
  const float = trial.tolerance ?? context.tolerance
  if (precision !== 'int8' || !hasIntegerLayers(trial.model)) return float
  return trial.int8Tolerance ?? Math.max(float, int8Tolerance)
}

/** The outputs of the reference backend, in the arithmetic of an executor: layers of the int8 form in integers where it says so. */
export async function expectedOutputs(
  model: Model,
  inputs: Tensors,
  { precision }: Pick<Executor, 'precision'> = {},
): Promise<Tensors> {
  const executor = await reference({ precision: precision === 'int8' ? 'int8' : 'float32' }).compile(model)
  try {
    return await executor.run(inputs)
  } finally {
    await executor.dispose()
  }
}

/** The seed, the parameters and the model as text. */
export function describe(trial: Trial): string {
  const parameters = Object.entries(trial.parameters).map(([name, value]) => `${name} ${format(value)}`)
  return `seed ${trial.seed}: ${parameters.join(', ')}\n${print(trial.model)}`
}

function format(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
